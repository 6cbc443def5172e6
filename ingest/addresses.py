"""Which addresses may be reached. Asked at connect time, for every hop, after the name was resolved."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

from geowire.settings_values import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
AddrInfo = tuple[Any, Any, int, str, Any]

REFUSED = "private-address"
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All that IANA gives out of IPv6; the rest is local, reserved or stands for an IPv4 address."""
EMBEDDING = tuple(
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96",  # NAT64, RFC 6052
        "::/96",  # IPv4-compatible, RFC 4291
        "::ffff:0:0:0/96",  # IPv4-translated, RFC 2765
    )
)
ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The upper half of an interface identifier that carries an IPv4 address (RFC 5214)."""
LOOK_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's metadata service
        "192.0.0.0/24",  # protocol assignments (RFC 6890), Oracle's metadata service among them
        "192.88.99.0/24",  # the way into 6to4, RFC 7526
    )
)
"""Not part of the public internet, whatever `is_global` thinks of them."""

WELL_KNOWN_PORTS_OF_OTHERS = frozenset(
    {0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109}
    | {110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530}
    | {531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045}
    | {4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
)
"""Ports of mail, shells and the like: the Fetch standard's list of bad ports. All others are open."""


class PrivateAddress(OSError):
    """A connection to an address that is not public and not allowed."""


def embedded_address(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, translated, 6to4, Teredo, ISATAP), otherwise itself."""
    if isinstance(address, ipaddress.IPv4Address) or address in (ipaddress.IPv6Address(0), ipaddress.IPv6Address(1)):
        return address
    low = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if any(address in network for network in EMBEDDING) or (int(address) >> 32) & 0xFFFF_FFFF in ISATAP:
        return low
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def is_public(address: Address) -> bool:
    """Whether the address belongs to the public internet; clouds' metadata services do not."""
    real = embedded_address(address)
    if isinstance(real, ipaddress.IPv6Address) and real not in GLOBAL_UNICAST:
        return False
    if any(real in network for network in LOOK_PUBLIC):
        return False
    return real.is_global and not (real.is_multicast or real.is_reserved or real.is_unspecified)


def may_reach(address: Address, allowed: tuple[Network, ...]) -> bool:
    """Whether a connection to the address may be made."""
    real = embedded_address(address)
    return is_public(address) or any(candidate in network for network in allowed for candidate in (address, real))


def may_use_port(port: int | None) -> bool:
    """Whether the port may be asked: an HTTP request must not become a command to a mail server."""
    return port not in WELL_KNOWN_PORTS_OF_OTHERS


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
