"""What an operator may set for a gateway, each bound by name and unit; read once, at the entry point.

Rules: every field is the environment variable OPENBELL_<FIELD>; a secret may be a file's content instead, by
OPENBELL_<FIELD>_FILE; a value that cannot be right stops the start with a sentence that names the variable.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gateway.origins import origin_of
from streams.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX: Final = "OPENBELL_"
SECRET_BYTES_MIN: Final = 32
"""RFC 7518, 3.2: a key of HS256 is at least as long as its hash."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class GatewaySettings:
    """A gateway's settings with their defaults.

    Where it listens:

    host: the address; `0.0.0.0` is all of this machine's.
    port: the TCP port; 0 is any free one.

    Who may come in. At least one of jwt_secret and jwks, or no token is ever valid:

    jwt_secret: the key of tokens signed with HS256, at least 32 bytes; with `_FILE` the file that holds it.
    jwks: the public keys of an identity provider: an http(s) URL, or the path of a file.
    jwt_issuer: who has to have issued a token (`iss`).
    allowed_origins: origins of pages that may speak with it, beside its own; separated by commas.
    trusted_proxies: networks whose `X-Forwarded-For` is believed; separated by commas.
    market_data_login: market data needs a token, too.
    demo: hand out tokens for accounts `demo-…` to whoever asks.

    How often (docs/protocol.md, "Limits"). A burst is what may come at once:

    rate_limits: off for tests and benches alone.
    orders_per_second, orders_burst: placements and amends of an account.
    cancels_times: how many times larger the bucket of cancels is.
    reads_per_second, reads_burst: an account's questions about its orders and about market data.
    address_requests_per_second, address_requests_burst: requests without login from one address.

    How many, how large, how long:

    connections_max: of this process, HTTP and WebSocket.
    connections_per_address: from one address; a proxy that is trusted counts as its clients.
    connections_per_account: logged in for one account.
    subscriptions_per_connection: channels times instruments.
    requests_in_flight: of one connection.
    batch_requests: in one `order.batch`.
    unread_bytes: in a session's outbox and socket; a client that leaves more unread is closed.
    frame_bytes: a larger frame is answered `too_large`; also the limit of an HTTP body.
    frame_fatal_bytes: a larger frame closes the connection with 1009.
    bad_frames: so many in a row close the connection with 1008.
    idle_seconds: a connection without login or subscription is closed after so long.
    send_seconds: a socket that takes nothing for so long is closed.
    ping_seconds: a WebSocket client that says nothing for so long is pinged.
    silence_seconds: a client that says nothing, not even to a ping, for so long is taken for gone.
    first_request_seconds: a connection has so long to send the headers of its first request.
    keepalive_seconds: an HTTP connection may stay open so long between requests.
    drain_seconds: for what is under way when it stops.
    page_rows: rows of a list when the client does not say.
    page_rows_max: rows of a list at most.
    """

    host: str = "127.0.0.1"
    port: int = field(default=8080, metadata={"low": 0, "high": 65_535})

    jwt_secret: bytes | None = field(default=None, repr=False)
    jwks: str = ""
    jwt_issuer: str = "openbell-local"
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    market_data_login: bool = False
    demo: bool = False

    rate_limits: bool = True
    orders_per_second: int = 1_000
    orders_burst: int = 2_000
    cancels_times: int = 10
    reads_per_second: int = 1_000
    reads_burst: int = 2_000
    address_requests_per_second: int = 100
    address_requests_burst: int = 100

    connections_max: int = 10_000
    connections_per_address: int = 100
    connections_per_account: int = 20
    subscriptions_per_connection: int = 500
    requests_in_flight: int = 1_000
    batch_requests: int = 50
    unread_bytes: int = 1_048_576
    frame_bytes: int = 65_536
    frame_fatal_bytes: int = 1_048_576
    bad_frames: int = 10
    idle_seconds: float = 60.0
    send_seconds: float = 10.0
    ping_seconds: float = 20.0
    silence_seconds: float = 60.0
    first_request_seconds: float = 10.0
    keepalive_seconds: float = 15.0
    drain_seconds: float = 5.0
    page_rows: int = 100
    page_rows_max: int = 1_000

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> GatewaySettings:
        """Read OPENBELL_…; an empty variable counts as not set. Raises SettingsError."""
        found: dict[str, Any] = {}
        for each in fields(cls):
            name = PREFIX + each.name.upper()
            text = environ.get(name, "")
            if text:
                found[each.name] = READERS[str(each.type)](name, text, each.metadata)
        secret = secret_from(environ, PREFIX + "JWT_SECRET")
        return cls(**found | ({"jwt_secret": secret} if secret is not None else {}))


def secret_from(environ: Mapping[str, str], name: str) -> bytes | None:
    """A secret from its variable, or from the file that `<name>_FILE` names; None if neither is set."""
    text, path = environ.get(name, ""), environ.get(name + "_FILE", "")
    if text and path:
        raise SettingsError(f"set {name} or {name}_FILE, not both")
    if path:
        return secret_in(Path(path))
    return checked_secret(text.encode("utf-8", "surrogateescape"), name) if text else None


def secret_in(path: Path) -> bytes:
    """The secret that a file holds; the line end that editors add is not part of it."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"cannot read the secret file {path}: {error.strerror}") from error
    return checked_secret(content.rstrip(b"\r\n"), str(path))


def checked_secret(secret: bytes, where: str) -> bytes:
    """The secret, if it is long enough."""
    if len(secret) < SECRET_BYTES_MIN:
        raise SettingsError(f"{where}: a secret has at least {SECRET_BYTES_MIN} bytes, this one has {len(secret)}")
    return secret


def read_text(_name: str, text: str, _metadata: Mapping[str, Any]) -> str:
    """Any text."""
    return text.strip()


def read_switch(name: str, text: str, _metadata: Mapping[str, Any]) -> bool:
    """On or off, in the words people use."""
    word = text.strip().lower()
    if word in ("on", "1", "true", "yes"):
        return True
    if word in ("off", "0", "false", "no"):
        return False
    raise SettingsError(f"{name} must be on or off, not {text!r}")


def read_whole(name: str, text: str, metadata: Mapping[str, Any]) -> int:
    """A whole number from `low` (1) to `high` (10⁹)."""
    low, high = metadata.get("low", 1), metadata.get("high", 1_000_000_000)
    digits = text.strip()
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 10 or not low <= int(digits) <= high:
        raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(digits)


def read_seconds(name: str, text: str, _metadata: Mapping[str, Any]) -> float:
    """Seconds above 0, at most a day."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise SettingsError(f"{name} must be a number of seconds above 0 and up to 86400, not {text!r}")
    return seconds


def read_origins(name: str, text: str, _metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Origins as browsers send them: scheme, host and port, no path, no wildcard."""
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        if origin_of(origin) is None:
            raise SettingsError(f"{name} must list origins like https://trade.example.com, not {origin!r}")
    return origins


def read_networks(name: str, text: str, _metadata: Mapping[str, Any]) -> tuple[Network, ...]:
    """Networks or single addresses."""
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(f"{name} must list networks like 10.0.0.0/8: {error}") from error


def read_nothing(_name: str, _text: str, _metadata: Mapping[str, Any]) -> None:
    """A secret, which `secret_from` reads."""


READERS: Final[dict[str, Callable[[str, str, Mapping[str, Any]], Any]]] = {
    "str": read_text,
    "bool": read_switch,
    "int": read_whole,
    "float": read_seconds,
    "tuple[str, ...]": read_origins,
    "tuple[Network, ...]": read_networks,
    "bytes | None": read_nothing,
}
