"""Which addresses may be reached. Asked at connect time, for every hop, after the name was resolved."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from geowire.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AddrInfo = tuple[Any, Any, int, str, Any]

REFUSED = "private-address"
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(OSError):
    """A connection to an address that is not public and not allowed."""


def embedded_address(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, 6to4, Teredo, NAT64), otherwise the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet; clouds' metadata services do not."""
    real = embedded_address(address)
    return real.is_global and not (real.is_multicast or real.is_reserved or real.is_unspecified)


def may_reach(address: Address, allowed: tuple[Network, ...]) -> bool:
    """Whether a connection to the address may be made."""
    real = embedded_address(address)
    return is_public(address) or any(candidate in network for network in allowed for candidate in (address, real))


def parse_address(host: str) -> Address | None:
    """The address that the text is, if it is one."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def guarded_socket(allowed: tuple[Network, ...]) -> Callable[[AddrInfo], socket.socket]:
    """A maker of sockets that refuses what may not be reached: it sees the very address that is connected to."""

    def make(info: AddrInfo) -> socket.socket:
        family, kind, protocol, _, target = info
        address = parse_address(str(target[0]))
        if address is None or not may_reach(address, allowed):
            raise PrivateAddress(errno.EACCES, f"{REFUSED}: {target[0]} is not a public address")
        return socket.socket(family, kind, protocol)

    return make
