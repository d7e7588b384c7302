"""Origins are compared by what they are, not by how they are written."""

from __future__ import annotations

import pytest

from gateway.origins import Origin, is_allowed, origin_of

PORT = "exchange.example:8080"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://exchange.example", "exchange.example"),
        ("https://exchange.example", "exchange.example:443"),
        ("https://exchange.example:443", "exchange.example"),
        ("http://exchange.example", "exchange.example:80"),
        ("http://exchange.example:80", "exchange.example"),
        ("HTTPS://EXCHANGE.example", "Exchange.Example:443"),
        ("http://exchange.example:8080", PORT),
        ("https://xn--brse-5qa.example", "b\u00f6rse.example"),
        ("http://[::1]:8080", "[0:0:0:0:0:0:0:1]:8080"),
        ("http://[2001:DB8::1]", "[2001:db8::1]:80"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
    ],
)
def test_a_page_of_the_gateways_own_may_connect(text: str, host: str) -> None:
    """However origin and Host are written: default ports, case, forms of names and addresses."""
    assert is_allowed(text, host, ())


@pytest.mark.parametrize(
    ("text", "host"),
    [
        *(("null", PORT), ("", PORT), ("https://", ""), ("exchange.example:8080", PORT), ("file://", "")),
        *(("http://exchange.example", PORT), ("https://exchange.example:8443", PORT)),
        ("https://exchange.example", "exchange.example:80"),
        ("https://exchange.example.evil.example", "exchange.example"),
        ("https://evil.example/exchange.example", "exchange.example"),
        ("https://exchange.example@evil.example", "exchange.example"),
        ("https://exchange.example:443@evil.example", "exchange.example"),
        ("https://exchange.example:x", "exchange.example"),
        ("https://exchange.example:99999", "exchange.example"),
        ("https://*", "exchange.example"),
        ("ftp://exchange.example", "exchange.example"),
        ("https://[::1", "[::1]"),
        ("http://localhost:8080", "127.0.0.1:8080"),
        ("https://exchange.example https://evil.example", "exchange.example"),
    ],
)
def test_any_other_page_may_not(text: str, host: str) -> None:
    """Another host, port or scheme, and what is no origin at all."""
    assert not is_allowed(text, host, ())


@pytest.mark.parametrize("listed", ["https://trade.example", "https://trade.example:443", "HTTPS://Trade.example"])
@pytest.mark.parametrize("sent", ["https://trade.example", "https://TRADE.example:443"])
def test_what_the_operator_lists_is_compared_the_same_way(listed: str, sent: str) -> None:
    """A default port in the setting, or none, is no difference."""
    assert is_allowed(sent, PORT, ("http://other.example", listed))
    assert not is_allowed("http://trade.example", PORT, (listed,))


def test_an_origin_has_one_form() -> None:
    """What is compared."""
    assert origin_of(" https://B\u00f6rse.example ") == Origin("https", "xn--brse-5qa.example", 443)
