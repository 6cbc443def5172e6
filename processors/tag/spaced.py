"""Text whose tokens stand apart, as some tools leave it: `U . S .` and `Guinea - Bissau` with the blanks taken out."""

from __future__ import annotations

import re
from bisect import bisect_right

_SIGN = " . "
_LEAST_SIGNS = 2
_BLANKS = re.compile(r"(?<=\w)( )[-–/'](?: )(?=\w)|(?<![A-Za-z])(?:[A-Z] \. ?){2,}(?=\W|$)")


class Squeezed:
    """The text without those blanks, and where its positions are in the text."""

    def __init__(self, text: str) -> None:
        gaps = [place for found in _BLANKS.finditer(text) for place in _blanks_in(text, *found.span())]
        kept = [text[start:end] for start, end in zip([0, *(gap + 1 for gap in gaps)], [*gaps, len(text)], strict=True)]
        self.text = "".join(kept)
        self._after = [gap - index for index, gap in enumerate(gaps)]

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """The span in the text, or None if no blank was taken out of it."""
        first, last = bisect_right(self._after, start), bisect_right(self._after, end - 1)
        return (start + first, end + last) if first != last else None


def squeeze(text: str) -> Squeezed | None:
    """The text squeezed, or None if its tokens do not stand apart."""
    return Squeezed(text) if text.count(_SIGN) >= _LEAST_SIGNS else None


def _blanks_in(text: str, start: int, end: int) -> list[int]:
    last = end - 1 if text[end - 1] == " " and text[start] != " " else end
    return [place for place in range(start, last) if text[place] == " "]
