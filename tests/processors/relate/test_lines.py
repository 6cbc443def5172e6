"""Lines of the filter."""

from __future__ import annotations

from datetime import datetime

import pytest
from pydantic import ValidationError

from processors.relate import tagged_from_line, tagged_from_lines


def test_id_title_and_text_are_enough() -> None:
    """The least that a line may have."""
    tagged = tagged_from_line({"id": "a", "title": "T", "text": "Words."}, 0)

    assert (tagged.id, tagged.title, tagged.version, tagged.published_at) == ("a", "T", 1, None)


def test_a_given_time_is_used_as_it_is() -> None:
    """`published_at` is taken over."""
    line = {"id": "a", "title": "T", "text": "", "published_at": "2026-03-02T12:00:00Z"}

    assert tagged_from_line(line, 5).published_at == datetime.fromisoformat("2026-03-02T12:00:00Z")


def test_undated_lines_follow_input_order() -> None:
    """A line without a time comes a little after the line before it, dated or not."""
    dated = {"id": "a", "title": "T", "text": "", "published_at": "2026-03-02T12:00:00Z"}
    undated = {"title": "T", "text": ""}

    lines = list(tagged_from_lines([undated | {"id": "z"}, dated, undated | {"id": "b"}, undated | {"id": "c"}]))

    times = [tagged.published_at or tagged.fetched_at for tagged in lines]
    assert times == sorted(times)
    assert (times[3] - times[1]).total_seconds() == 2


def test_a_line_without_an_id_is_refused() -> None:
    """What cannot be assigned is an error."""
    with pytest.raises(ValidationError, match="id"):
        tagged_from_line({"title": "T", "text": "x"}, 0)
