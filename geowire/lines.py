"""Lines of the filters: an article with as little as id, title and text; what is missing changes nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from geowire.errors import Rejected

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""An escape that may be half of a character."""
NOWHERE = "https://nowhere.invalid/"


def parse_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The JSON object of each line that is not empty. Raises `Rejected` naming the line that is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if SURROGATE.search(line):
                json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise Rejected(f"line {number}", "half of a surrogate pair, which is no character; leave it out") from error
        except ValueError as error:
            raise Rejected(f"line {number}", f"not JSON: {error}; write one object a line") from error
        except RecursionError as error:
            raise Rejected(f"line {number}", "nested too deeply; write one object a line") from error
        if not isinstance(value, dict):
            raise Rejected(f"line {number}", 'not an object; write {"id": ..., "title": ..., "text": ...}')
        yield value


def complete_article(line: Mapping[str, Any], undated: datetime) -> dict[str, Any]:
    """An article's fields from a line; `undated` stands in for the time of fetching. Nulls count as missing."""
    given = {name: value for name, value in line.items() if value is not None}
    defaults: dict[str, Any] = {
        "version": 1,
        "url": NOWHERE,
        "title": "",
        "text": "",
        "fetched_at": undated,
        "publisher": {"id": "unknown"},
        "feed": {"id": "lines", "url": NOWHERE},
        "body_status": "full",
        "content_hash": hashlib.sha256(f"{line.get('title')}\0{line.get('text')}".encode()).hexdigest(),
    }
    return defaults | given
