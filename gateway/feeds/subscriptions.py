"""Subscriptions: a session's subscription to one channel, and what a request to subscribe may ask for.

One subscription per channel and symbol: asking again with other options supersedes it, and brings a new snapshot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from msgspec import UNSET, Struct, UnsetType

from gateway.errors import ApiError
from gateway.frames import frame_of
from gateway.requests.names import checked_symbol
from gateway.requests.order_requests import Text, Whole

if TYPE_CHECKING:
    from gateway.outbox import Outbox

DEPTHS: Final = (1, 10, 50, 0)
INTERVALS: Final = (0, 20, 100, 1_000)
DEPTH_DEFAULT: Final = 10
DEPTH_MAX: Final = 10_000
"""Levels of each side in one answer over HTTP; a subscription has one of DEPTHS instead."""

INTERVAL_DEFAULT: Final = 20

OF_SYMBOL: Final = ("book", "full", "trades", "ticker", "status")
"""Channels of one instrument each, subscribed to by symbols."""

WHOLE: Final = ("instruments", "heartbeat")
"""Channels that exist once for the whole exchange."""

ORDERS: Final = "orders"
POSITIONS: Final = "positions"
PRIVATE: Final = (ORDERS, POSITIONS)
"""The private channels: one of each per account."""

OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "book": ("symbols", "depth", "interval_ms"),
    "full": ("symbols",),
    "trades": ("symbols",),
    "ticker": ("symbols", "interval_ms"),
    "status": ("symbols",),
    "instruments": (),
    "heartbeat": (),
    "orders": ("account", "snapshot"),
    "positions": ("account",),
}


class SubscribeParams(Struct, forbid_unknown_fields=True, gc=False):
    """The params of subscribe and unsubscribe; unsubscribe without symbols ends the whole channel."""

    channel: str
    symbols: list[str] | UnsetType | None = UNSET
    depth: Whole = UNSET
    interval_ms: Whole = UNSET
    account: Text = UNSET
    snapshot: bool | UnsetType | None = UNSET


class Key(NamedTuple):
    """What is subscribed to: `name` is a symbol, the account of a private channel, or empty."""

    channel: str
    name: str


class Options(NamedTuple):
    """A subscription's options: levels of each side, 0 all; the least time between two messages; a snapshot or not."""

    depth: int = DEPTH_DEFAULT
    interval_ms: int = INTERVAL_DEFAULT
    snapshot: bool = True


class ChannelSubscription:
    """One subscription of one session. `seq` is the number of the last message it was sent, -1 before the first.

    `lagging`: depth was left out and a snapshot is due. `ended`: nothing more is sent, and the session was sent why.
    """

    __slots__ = ("ended", "key", "lagging", "options", "outbox", "seq")

    def __init__(self, key: Key, options: Options, outbox: Outbox) -> None:
        self.key = key
        self.options = options
        self.outbox = outbox
        self.seq = -1
        self.lagging = False
        self.ended = False

    def end(self, reason: str) -> None:
        """Send the session the last frame of this subscription, with the reason for its end."""
        self.ended = True
        self.outbox.send(frame_of(orjson.dumps({"channel": self.key.channel, "type": "end", "reason": reason})))

    def send(self, frame: bytes, seq: int) -> None:
        """Send the session a frame that brings the subscription to `seq`."""
        self.seq = seq
        self.outbox.send(frame)

    def named(self) -> dict[str, Any]:
        """The channel, and the symbol or account."""
        channel, name = self.key
        return {"channel": channel} | ({"account" if channel in PRIVATE else "symbol": name} if name else {})

    def described(self) -> dict[str, Any]:
        """The subscription as the answer to `subscribe` lists it."""
        options = {"depth": self.options.depth, "interval_ms": self.options.interval_ms}
        allowed = OPTIONS[self.key.channel]
        without = {} if self.options.snapshot else {"snapshot": False}
        return self.named() | {option: value for option, value in options.items() if option in allowed} | without


def check_channel(params: SubscribeParams) -> None:
    """Check that the channel exists and has the options that were given."""
    allowed = OPTIONS.get(params.channel)
    if allowed is None:
        raise ApiError("bad_request", f"channel must be one of {', '.join(OPTIONS)}", "channel")
    for option in ("symbols", "depth", "interval_ms", "account", "snapshot"):
        if option not in allowed and getattr(params, option) not in (UNSET, None):
            raise ApiError("bad_request", f"channel {params.channel} has no {option}", option)


def options_of(params: SubscribeParams) -> Options:
    """The options given, or the defaults."""
    depth = params.depth if isinstance(params.depth, int) else DEPTH_DEFAULT
    interval = params.interval_ms if isinstance(params.interval_ms, int) else INTERVAL_DEFAULT
    if depth not in DEPTHS:
        raise ApiError("bad_request", f"depth must be one of {DEPTHS}", "depth")
    if interval not in INTERVALS:
        raise ApiError("bad_request", f"interval_ms must be one of {INTERVALS}", "interval_ms")
    return Options(depth, interval, params.snapshot is not False)


def symbols_of(params: SubscribeParams) -> list[str]:
    """The symbols given, each once; [] if none were given."""
    if not isinstance(params.symbols, list):
        return []
    return [checked_symbol(symbol, "symbols") for symbol in dict.fromkeys(params.symbols)]
