"""Origins of web pages: parsed and compared by scheme, host and port, never as text (RFC 6454, 4 and 5).

`https://Exchange.example` and `https://exchange.example:443` are one origin; a host may be written in Unicode or as
browsers send it, an IPv6 address in any of its forms.
"""

from __future__ import annotations

import ipaddress
from typing import Final, NamedTuple
from urllib.parse import urlsplit

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
SHOWN_CHARACTERS_MAX: Final = 100
"""Characters of a foreign origin that a refusal shows."""


class Origin(NamedTuple):
    """Scheme, host in its one form, and port."""

    scheme: str
    host: str
    port: int


def origin_of(text: str) -> Origin | None:
    """The origin that a text names (scheme, host, perhaps a port, nothing else); None if the text is no origin."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    default = DEFAULT_PORTS.get(parts.scheme)
    bare = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc or "*" in parts.netloc)
    if default is None or not parts.hostname or not bare:
        return None
    return Origin(parts.scheme, host_of(parts.hostname), default if port is None else port)


def host_of(name: str) -> str:
    """The canonical form of a host's name or address."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return name.encode("idna").decode().lower()
    except UnicodeError:
        return name.lower()


def is_own(origin: Origin, host: str) -> bool:
    """Whether an origin is the gateway itself, to which a request with this Host header was sent.

    TLS may end before us, so a Host without a port means the default port of the origin's scheme.
    """
    return origin_of(f"{origin.scheme}://{host}") == origin


def is_allowed(text: str, host: str, allowed: tuple[str, ...]) -> bool:
    """Whether a page of the origin `text` may use the gateway, which the request calls `host`."""
    origin = origin_of(text)
    return origin is not None and (is_own(origin, host) or origin in map(origin_of, allowed))


def refusal(text: str, host: str) -> str:
    """Why a page may not connect, and what the gateway's operator can do about it."""
    shown, called = text[:SHOWN_CHARACTERS_MAX], host[:SHOWN_CHARACTERS_MAX]
    return (
        f"the page's origin {shown} is not that of this gateway, which the request calls {called}: "
        "a proxy in between must pass Host on, or OPENBELL_ALLOWED_ORIGINS must list the origin"
    )
