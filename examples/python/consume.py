"""Keep what stands on geowire's topics in one SQLite file, and print it at the end.

pip install "kafka-python>=3.0.12,<3.1" zstandard crc32c
python consume.py --bootstrap localhost:9092 --until-end
"""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
import sys
from typing import Any

from kafka import KafkaConsumer

TOPICS = ["geowire.tagged.v1", "geowire.flagged.v1"]

# Any other type is left alone: a later geowire may have more of them.
KNOWN = {
    "geowire.article.published",
    "geowire.article.updated",
    "geowire.article.tagged",
    "geowire.article.withdrawn",
    "geowire.flag.raised",
    "geowire.flag.retracted",
}

# What was seen stands in the same file as the effect and changes in the same transaction. Memory alone is not enough: a
# message comes again just when this process was killed between the effect and the commit, and then memory is empty.
SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (ce_id TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS article (id TEXT PRIMARY KEY, version INTEGER, model TEXT, words TEXT);
CREATE TABLE IF NOT EXISTS flag (id TEXT PRIMARY KEY, watch TEXT, reason TEXT);
CREATE TABLE IF NOT EXISTS retracted (id TEXT PRIMARY KEY);
"""
REPLACE = """
INSERT INTO article VALUES (:id, :version, :model, :words)
ON CONFLICT (id) DO UPDATE SET version = excluded.version, model = excluded.model, words = excluded.words
WHERE (excluded.version, excluded.model) > (article.version, article.model)
"""


def main() -> None:
    """Read until the end of the topics or until SIGTERM; commit to Kafka only what SQLite has."""
    options = parse_options()
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    database = sqlite3.connect(options.state, isolation_level=None)
    database.executescript(SCHEMA)
    consumer = KafkaConsumer(
        *options.topics.split(","),
        bootstrap_servers=options.bootstrap,
        group_id=options.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    while not stopping:
        batches = consumer.poll(timeout_ms=500, max_records=500)
        handle(database, [record for batch in batches.values() for record in batch])
        if batches:
            consumer.commit()
        if options.until_end and at_end(consumer):
            break
    consumer.close()
    print_what_stands(database)


def handle(database: sqlite3.Connection, records: list[Any]) -> None:
    """The effect of a batch, and that it was seen, in one transaction."""
    database.execute("BEGIN IMMEDIATE")
    for record in records:
        headers = {name: value.decode() for name, value in record.headers}
        if headers.get("ce_specversion") != "1.0" or "ce_type" not in headers:
            print(f"skipped: no CloudEvent at {record.topic}/{record.partition}/{record.offset}", file=sys.stderr)
            continue
        if headers["ce_type"] in KNOWN and is_new(database, headers["ce_id"]):
            apply(database, headers, json.loads(record.value))
    database.execute("COMMIT")


def is_new(database: sqlite3.Connection, ce_id: str) -> bool:
    """Whether a message is here for the first time; from now on it is not."""
    return database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (ce_id,)).rowcount == 1


def apply(database: sqlite3.Connection, headers: dict[str, str], data: dict[str, Any]) -> None:
    """What one message means."""
    match headers["ce_type"]:
        case "geowire.article.published" | "geowire.article.updated" | "geowire.article.tagged":
            row = {"id": data["id"], "version": data["version"], "model": data.get("model", ""), "words": words(data)}
            database.execute(REPLACE, row)
        case "geowire.article.withdrawn":  # its row stays without content: a version that comes late must not undo it
            database.execute(REPLACE, {"id": data["id"], "version": data["version"], "model": "", "words": None})
        case "geowire.flag.raised":
            reason = data["reason"]["value"]
            database.execute("INSERT INTO flag VALUES (?, ?, ?)", (headers["ce_id"], data["watch"], reason))
        case "geowire.flag.retracted":
            database.execute("INSERT OR IGNORE INTO retracted VALUES (?)", (data["retracts"],))


def words(article: dict[str, Any]) -> str:
    """The first mentions, cut out by their offsets. Offsets count code points, and so do Python's strings."""
    return "|".join(article[one["field"]][one["start"] : one["end"]] for one in article.get("entities", [])[:3])


def at_end(consumer: KafkaConsumer) -> bool:
    """Whether everything that stands on the topics now was handled; False before partitions are assigned."""
    ends = consumer.end_offsets(list(consumer.assignment()))
    return bool(ends) and all(consumer.position(place) >= end for place, end in ends.items())


def print_what_stands(database: sqlite3.Connection) -> None:
    """One line for each article and each flag that was not taken back."""
    for row in database.execute("SELECT id, version, words FROM article WHERE words IS NOT NULL ORDER BY id"):
        print("article", *row, sep="\t")
    for row in database.execute("SELECT * FROM flag WHERE id NOT IN (SELECT id FROM retracted) ORDER BY id"):
        print("flag", *row, sep="\t")


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", default="localhost:9092", help="host:port of a broker")
    parser.add_argument("--topics", default=",".join(TOPICS))
    parser.add_argument("--group", default="example-python")
    parser.add_argument("--state", default="consume.db", help="SQLite file")
    parser.add_argument("--until-end", action="store_true", help="end when everything was read")
    return parser.parse_args()


if __name__ == "__main__":
    main()
