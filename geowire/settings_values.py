"""How the values of settings are written: durations, networks, ages, a place to listen. Pure."""

from __future__ import annotations

import ipaddress
import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
OLDEST_AGE_DAYS = 3_650
LONGEST_PORT = 5
PASSWORDS = (
    r"^[\w+]+:/{0,2}[^/@]*?:([^/]*)@",
    r"^[\w+]+:/{0,2}[^/@]*?:([^/@]*/[^@]*)@",
    r"^[\w+]+:/{0,2}[^/@]*?:([^?]*)@",
    r"[?&](?:ssl)?password=([^&]*)",
)
"""Where an address may hold a password. With an `@` or a `/` in it, each program sees its end elsewhere."""
EVERYTHING = (ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0"))


def parse_duration(text: str) -> timedelta:
    """`7d`, `12h`, `90s`, `500ms`. Raises `ValueError` that says what to write."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write a number and a unit, such as 90s, 15m, 12h or 7d")
    try:
        return timedelta(seconds=float(match[1]) * UNITS[match[2]])
    except OverflowError:
        raise ValueError(f"{text!r} is too long; write at most 100000d") from None


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _at_least_nothing(value: timedelta) -> timedelta:
    if value < timedelta(0):
        raise ValueError("write a duration that is not negative")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration), AfterValidator(_at_least_nothing)]


def parse_networks(value: str | bool) -> tuple[Network, ...]:
    """`true`, `false` or a list of CIDRs. Raises `ValueError` that says what to write."""
    text = str(value).strip()
    if text.lower() in {"", "false", "0", "no"}:
        return ()
    if text.lower() in {"true", "1", "yes"}:
        return EVERYTHING
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"{error}; write true, false, or CIDRs such as 127.0.0.0/8,10.1.0.0/16") from error


def parse_listener(text: str) -> tuple[str, int] | None:
    """`host:port`, `[::1]:port`, or a port on 127.0.0.1. Raises `ValueError` that says what to write."""
    if not text.strip():
        return None
    host, separator, port = text.strip().rpartition(":")
    bare = host.startswith("[") == host.endswith("]") and (":" not in host or host.startswith("["))
    if (separator and not host) or not bare or not is_port(port):
        raise ValueError(
            f"{text!r} is no place to listen; write a port such as 9464, or host:port such as 0.0.0.0:9464"
        )
    return host.strip("[]") or "127.0.0.1", int(port)


def is_port(text: str) -> bool:
    """Whether it is the number of a port; thousands of digits are none, and no error either."""
    return text.isdecimal() and len(text) <= LONGEST_PORT and 0 < int(text) < 65_536


def parse_ages(text: str) -> tuple[timedelta, ...]:
    """`off` or a list of durations. Raises `ValueError` that says what to write."""
    if text.strip().lower() in {"", "off", "false", "none"}:
        return ()
    ages = tuple(parse_duration(part) for part in text.split(",") if part.strip())
    if max(ages, default=timedelta(0)) > timedelta(days=OLDEST_AGE_DAYS):
        raise ValueError(f"{text!r} has an age over {OLDEST_AGE_DAYS}d; write younger ones, such as 3h,12h,2d,7d")
    return ages


def passwords_in(url: str) -> set[str]:
    """What may be a password in an address: as a user may mean it, and as a program may read it."""
    return {found for pattern in PASSWORDS for found in re.findall(pattern, url)}
