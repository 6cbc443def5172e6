"""From what the sentences tell to the facts of the document: the same act is one, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from geowire.messages import Aid, Evidence
from geowire.messages.tagged import AID_LIMIT, EVIDENCE_LIMIT, AidAction, ClaimStatus
from processors.tag.aid_grammar import Told

Confidence = Literal["high", "medium", "low"]
_SURE = frozenset({"subject", "agent", "receive"})
_TIGHT = 100
"""Within how many code points donor and recipient stand near each other."""
_RANK: Sequence[Confidence] = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Fact:
    """One act as one sentence tells it."""

    told: Told
    items: tuple[str, ...]
    sum: tuple[float, str] | None
    status: ClaimStatus
    evidence: Evidence
    is_old: bool = False
    said_by: str | None = None
    date: str | None = None

    @property
    def donor(self) -> str | None:
        """Who gives."""
        return (self.told.donor.name or None) if self.told.donor else None

    @property
    def recipient(self) -> str | None:
        """Who gets."""
        return self.told.recipient.name if self.told.recipient else None

    @property
    def is_plain(self) -> bool:
        """True if the sentence names both sides."""
        return not self.told.pattern.endswith(("-to", "-guessed"))

    @property
    def is_tight(self) -> bool:
        """True if both sides stand near each other, in a pattern that is seldom wrong."""
        donor, recipient = self.told.donor, self.told.recipient
        if donor is None or recipient is None or self.told.pattern not in _SURE or self.is_old or not self.told.sure:
            return False
        return max(donor.end, recipient.end) - min(donor.start, recipient.start) <= _TIGHT


Act = tuple[AidAction, tuple[float, str] | None]
"""What makes two facts of the same two actors the same."""


class FactRules:
    """What is possible, and what makes facts the same."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._codes: dict[str, str] = row["codes"]
        self._hostile = frozenset(frozenset(pair) for pair in row["hostile"])

    def is_possible(self, donor: str | None, recipient: str | None) -> bool:
        """False for somebody and himself, and for enemies."""
        return donor != recipient and frozenset((donor, recipient)) not in self._hostile

    def merge(self, facts: Iterable[Fact]) -> tuple[Aid, ...]:
        """One fact for each act of the same two, those told best first."""
        pairs: dict[tuple[str | None, str | None], list[Fact]] = {}
        for fact in sorted(facts, key=lambda fact: fact.donor is None):
            pairs.setdefault(_pair(fact, pairs), []).append(fact)
        merged = [aid for same in pairs.values() for aid in self._acts(same)]
        return tuple(
            sorted(merged, key=lambda aid: (_RANK.index(aid.confidence or "low"), -len(aid.evidence)))[:AID_LIMIT]
        )

    def _acts(self, pair: list[Fact]) -> list[Aid]:
        """The facts of two actors: another sum is another act. What was guessed joins what is told plainly."""
        acts: dict[Act, list[Fact]] = {}
        for fact in sorted(pair, key=lambda fact: (not fact.is_plain, fact.sum is None)):
            acts.setdefault(_act(fact, acts), []).append(fact)
        return [self._aid(same) for same in acts.values()]

    def _aid(self, same: list[Fact]) -> Aid:
        same = sorted(same, key=lambda fact: (not fact.is_plain, fact.evidence.field != "title", fact.evidence.start))
        first = same[0]
        amount = next((fact.sum for fact in same if fact.sum), None)
        evidence = list({(fact.evidence.field, fact.evidence.start): fact.evidence for fact in same}.values())
        return Aid(
            action=first.told.action,
            donor=first.donor,
            recipient=first.recipient,
            items=tuple(dict.fromkeys(item for fact in same for item in fact.items))[:20],
            amount=amount[0] if amount else None,
            currency=amount[1] if amount else None,
            code=self._codes[first.told.action],
            status=first.status,
            said_by=next((fact.said_by for fact in same if fact.said_by), None),
            date=next((fact.date for fact in same if fact.date), None),
            confidence=confidence(same, len(evidence)),
            evidence=tuple(evidence[:EVIDENCE_LIMIT]),
        )


def _act(fact: Fact, known: Iterable[Act]) -> Act:
    """The same action, and the same sum if both have one."""
    for action, amount in known:
        if (action == fact.told.action or not fact.is_plain) and fact.sum in {None, amount}:
            return action, amount
    return fact.told.action, fact.sum


def confidence(same: list[Fact], sentences: int) -> Confidence:
    """By how plainly and how often it is told; what is only possible or wished for is never more than low."""
    plain = [fact for fact in same if fact.is_plain and fact.told.sure]
    plain_now = [fact for fact in plain if not fact.is_old and fact.donor is not None]
    if plain_now and (sentences > 1 or any(fact.evidence.field == "title" or fact.is_tight for fact in plain)):
        return "high"
    return "medium" if plain else "low"


def _pair(fact: Fact, known: Iterable[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
    """One without a donor joins one with."""
    if fact.donor is None:
        return next((pair for pair in known if pair[1] == fact.recipient), (None, fact.recipient))
    return fact.donor, fact.recipient
