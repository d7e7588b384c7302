"""Addresses: who is behind a proxy, and who shares a limit."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from gateway.identity.addresses import client_address, limit_key

PROXIES = (ip_network("10.0.0.0/8"),)


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(peer: str, forwarded_for: str, client: str) -> None:
    """A client cannot choose its own address by a header."""
    assert client_address(peer, forwarded_for, PROXIES) == client


def test_ipv6_addresses_of_one_customer_share_a_limit() -> None:
    """The limit is per /64; IPv4 addresses stand for themselves."""
    assert limit_key("2001:db8::1") == limit_key("2001:db8::ffff:1") == "2001:db8::/64"
    assert limit_key("2001:db8:0:1::1") != limit_key("2001:db8::1")
    assert limit_key("203.0.113.7") == "203.0.113.7"
