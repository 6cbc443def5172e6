"""What a publisher allows, from robots.txt, headers and the page itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from geowire.messages.article import Policy
from ingest.answer import Response
from ingest.host_tables import HostRobots

HEAD_BYTES = 65_536
"""Where the meta elements of a page stand."""
MENTIONED = (b"noai", b"noimageai", b"tdm-reservation")
"""Looked for in small letters: most pages have none, and a search without case costs more than all else here."""
META = re.compile(rb"<meta\b([^<>]{0,500})>", re.IGNORECASE)
NO_AI = re.compile(r"(?:^|[\s,:;\"'=])(?:noai|noimageai)(?:$|[\s,;\"'/])", re.IGNORECASE)
ROBOTS_META = re.compile(r"name\s*=\s*[\"']?robots\b", re.IGNORECASE)
TDM_META = re.compile(r"name\s*=\s*[\"']?tdm-reservation\b", re.IGNORECASE)
TDM_RESERVED = re.compile(r"content\s*=\s*[\"']?\s*1\b", re.IGNORECASE)


def page_policy(robots: HostRobots | None, response: Response | None, *, is_forbidden: bool = False) -> Policy:
    """The policy of one page; null where nothing was asked."""
    rules = robots.rules if robots else None
    bars_ai = bool(rules and rules.bars_ai) or (response is not None and opts_out(response.headers, response.body))
    is_known = rules is not None or response is not None
    allowed = "allowed" if rules is not None and response is not None else None
    return Policy(
        robots="disallowed" if is_forbidden else allowed,
        ai_training="disallowed" if bars_ai else "allowed" if is_known else None,
    )


def opts_out(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether headers or meta elements reserve the page from training: `noai`, `noimageai`, TDMRep's reservation."""
    if NO_AI.search(headers.get("x-robots-tag", "")) or headers.get("tdm-reservation", "").strip() == "1":
        return True
    head = body[:HEAD_BYTES]
    lowered = head.lower()
    if not any(name in lowered for name in MENTIONED):
        return False
    return any(_reserves(found[1].decode("utf-8", "replace")) for found in META.finditer(head))


def _reserves(attributes: str) -> bool:
    if TDM_META.search(attributes):
        return bool(TDM_RESERVED.search(attributes))
    return bool(ROBOTS_META.search(attributes) and NO_AI.search(attributes))
