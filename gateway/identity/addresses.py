"""Addresses: the client address of a request behind proxies, and which addresses share a limit.

Rules: X-Forwarded-For is believed only from a proxy that the operator trusts, and only as far back as trusted proxies
wrote it: entries of the client itself are never reached. One IPv6 customer has a whole /64, so limits are per /64.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SHARED_BITS: Final = 64
FORWARDED_MAX: Final = 16
"""Entries of X-Forwarded-For that are read, from the end; no chain of proxies is longer."""


def client_address(peer: str, forwarded_for: str, trusted: tuple[Network, ...]) -> str:
    """The client behind `peer`, the address on the socket ("" for none, as on a closed one)."""
    believed = parsed(peer)
    if believed is None:
        return peer
    for entry in reversed(forwarded_for.split(",")[-FORWARDED_MAX:]):
        if not any(believed in network for network in trusted):
            break
        before = parsed(entry.strip())
        if before is None:
            break
        believed = before
    return str(believed)


def limit_key(address: str) -> str:
    """The key of limits per address: the address, or its /64 for IPv6."""
    found = parsed(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(found), SHARED_BITS), strict=False))
    return address


def parsed(text: str) -> Address | None:
    """The address, an IPv4 one in IPv6 form (`::ffff:10.0.0.1`) as IPv4; None if the text is no address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
