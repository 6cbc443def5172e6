#!/usr/bin/env bash
# Keep the flags that stand in a journal file, and print them at the end. Needs kcat, nothing else.
#
#   consume.sh --bootstrap localhost:9092 --until-end
#
# kcat commits what it has read, not what somebody has done with it, so this script keeps the offsets itself: they stand
# in the journal, on the line of the effect. That line also says which ce_id was seen. Memory alone would not be enough: a
# message comes again just when this script was killed between the effect and the next start.
set -euo pipefail

bootstrap=localhost:9092 topic=geowire.flagged.v1 journal=consume.tsv until_end=
while (($#)); do
  case $1 in
    --bootstrap) bootstrap=$2; shift 2 ;;
    --topic) topic=$2; shift 2 ;;
    --state) journal=$2; shift 2 ;;
    --until-end) until_end=yes; shift ;;
    *) echo "usage: consume.sh [--bootstrap HOST:PORT] [--topic NAME] [--state FILE] [--until-end]" >&2; exit 2 ;;
  esac
done

declare -A seen next
stopping=
trap 'stopping=yes' TERM INT

# Journal: partition, next offset, ce_id, then the effect: "raised WATCH REASON", "retracted ID", or - for none.
touch "$journal"
if [ -n "$(tail -c1 "$journal")" ]; then sed -i '$d' "$journal"; fi # a crash tore the last line: its message comes again
while IFS=$'\t' read -r partition offset id effect _; do
  next[$partition]=$offset
  [ "$effect" = - ] || seen[$id]=yes
done <"$journal"

header() { # its value in kcat's "name=value,name=value"
  local all="$headers,"
  case $all in *",$1="*) all=${all#*",$1="}; echo "${all%%,*}" ;; esac
}

field() { # of JSON, for plain values: inside a string every quote is escaped, so "name":" cannot stand in a text
  local rest=${json#*"\"$1\":\""}
  [ "$rest" = "$json" ] || echo "${rest%%\"*}"
}

effect() {
  case $(header ce_type) in
    geowire.flag.raised) printf 'raised\t%s\t%s' "$(field watch)" "$(field value)" ;; # value: of reason, the only one
    geowire.flag.retracted) printf 'retracted\t%s' "$(field retracts)" ;;
    *) ;; # a type that is not known: a later geowire may have more of them
  esac
}

handle() { # one message: its offset, headers and json
  local id result=
  id=$(header ce_id)
  if [ "$(header ce_specversion)" != 1.0 ] || [ -z "$id" ]; then
    echo "skipped: no CloudEvent at $topic/$partition/$offset" >&2
  elif [ -z "${seen[$id]-}" ]; then
    result=$(effect)
  fi
  next[$partition]=$((offset + 1))
  printf '%s\t%s\t%s\t%s\n' "$partition" "${next[$partition]}" "${id:--}" "${result:--}" >>"$journal"
  if [ -n "$result" ]; then seen[$id]=yes; fi
}

partitions=$(kcat -L -b "$bootstrap" -t "$topic" | sed -n 's/^ *partition \([0-9]*\),.*/\1/p')
while [ -z "$stopping" ]; do
  for partition in $partitions; do
    while IFS=$'\t' read -r offset headers json && [ -z "$stopping" ]; do
      handle
    done < <(kcat -C -q -e -b "$bootstrap" -t "$topic" -p "$partition" -o "${next[$partition]:-beginning}" \
      -X fetch.wait.max.ms=50 -f '%o\t,%h\t%s\n')
  done
  [ -z "$until_end$stopping" ] || break
  sleep 1 &
  wait $! || true # a signal ends the wait at once
done

awk -F'\t' '
  $4 == "raised" { flags[$3] = $5 "\t" $6 }
  $4 == "retracted" { delete flags[$5]; gone[$5] }
  END { for (id in flags) if (!(id in gone)) print "flag\t" id "\t" flags[id] }
' "$journal" | sort
