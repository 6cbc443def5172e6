"""Sparse vectors of weighted terms, as plain dicts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from processors.relate.document_counts import DocumentCounts

Vector = dict[str, float]

DIGITS = 5
"""Decimals that a weight keeps, so that it is the same after a way through JSON, and short."""


def weigh(counted: Counter[str], documents: DocumentCounts) -> Vector:
    """Terms by (1 + log frequency) x inverse document frequency, scaled to length 1, the heaviest first."""
    weight = documents.weight
    vector = {
        term: weight(term) * (1 + math.log(count)) if count > 1 else weight(term) for term, count in counted.items()
    }
    length = norm(vector)
    if not length:
        return {}
    in_order = sorted([(-weight, term) for term, weight in vector.items()])
    return {term: round(-weight / length, DIGITS) for weight, term in in_order}


def norm(vector: Vector) -> float:
    """Euclidean length."""
    return math.hypot(*vector.values())


def dot(left: Vector, right: Vector) -> float:
    """Scalar product; cheapest with the shorter vector on the left."""
    return sum(weight * right[term] for term, weight in left.items() if term in right)


def add(into: Vector, vector: Vector) -> None:
    """Add a vector to another, in place."""
    for term, weight in vector.items():
        into[term] = into.get(term, 0.0) + weight


def heaviest(vector: Vector, limit: int) -> list[tuple[str, float]]:
    """The heaviest terms, the heaviest first; equal ones by name."""
    in_order = sorted([(-weight, term) for term, weight in vector.items()])
    return [(term, -weight) for weight, term in in_order[:limit]]


def heaviest_shared(left: Vector, right: Vector, limit: int) -> list[str]:
    """The terms that make two vectors alike, the strongest first."""
    shared = {term: weight * right[term] for term, weight in left.items() if term in right}
    return [term for term, _ in heaviest(shared, limit)]


def counted(*parts: Iterable[str]) -> Counter[str]:
    """How often each term stands in all parts together."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return total
