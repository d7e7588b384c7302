"""Session subscriptions: those of one session, and the end of the private ones when its token expires.

Bound: `subscriptions_per_connection`, then `too_many`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from gateway.errors import ApiError
from gateway.feeds.fanout import heartbeat_frame
from gateway.feeds.subscriptions import (
    OF_SYMBOL,
    PRIVATE,
    ChannelSubscription,
    Key,
    Options,
    SubscribeParams,
    check_channel,
    options_of,
    symbols_of,
)

if TYPE_CHECKING:
    from gateway.outbox import Outbox
    from gateway.services import Services

HEARTBEAT: Final = Key("heartbeat", "")


class SessionSubscriptions:
    """A session's subscriptions, by channel and name."""

    def __init__(self, services: Services, outbox: Outbox) -> None:
        self._fanout = services.fanout
        self._directory = services.directory
        self._most = services.settings.subscriptions_per_connection
        self._outbox = outbox
        self._held: dict[Key, ChannelSubscription] = {}
        self._suspended: dict[Key, Options] = {}
        self._beats = 0

    def __len__(self) -> int:
        return len(self._held)

    def wanted(self, params: SubscribeParams, account: str) -> tuple[list[Key], Options]:
        """The keys and options of a request to subscribe; ApiError, or NotKnown for a symbol that has to be located.

        account: the account of a private channel.
        """
        check_channel(params)
        options, symbols = options_of(params), symbols_of(params)
        if params.channel in PRIVATE:
            return [Key(params.channel, account)], options
        if params.channel not in OF_SYMBOL:
            return [Key(params.channel, "")], options
        if not symbols:
            raise ApiError("bad_request", "name the symbols", "symbols")
        for symbol in symbols:
            self._directory.partition_of(symbol)
        return [Key(params.channel, symbol) for symbol in symbols], options

    def check_room(self, keys: list[Key]) -> None:
        """ApiError `too_many` if these exceed the bound."""
        self._drop_ended()
        if len(self._held) + sum(key not in self._held for key in keys) > self._most:
            raise ApiError("too_many", f"a connection may hold {self._most} subscriptions")

    def add(self, keys: list[Key], options: Options) -> list[ChannelSubscription]:
        """Add subscriptions, which supersede those of the same keys; `begin` starts them."""
        for key in keys:
            self._end(key)
            self._held[key] = ChannelSubscription(key, options, self._outbox)
        return [self._held[key] for key in keys]

    def begin(self, members: list[ChannelSubscription]) -> None:
        """Start subscriptions; each gets its snapshot."""
        for member in members:
            self._fanout.join(member)
            if member.key == HEARTBEAT:
                self._beats = 0

    def end(self, params: SubscribeParams, account: str) -> None:
        """Unsubscribe; without symbols from the whole channel."""
        check_channel(params)
        names = {account} if params.channel in PRIVATE else set(symbols_of(params))
        for key in [key for key in self._held if key.channel == params.channel and (not names or key.name in names)]:
            self._end(key)

    def end_all(self) -> None:
        """End all subscriptions of the session."""
        for key in list(self._held):
            self._end(key)

    def suspend(self, reason: str) -> None:
        """End the private channels, with the reason; `resume` may restore them."""
        self._drop_ended()
        for key, member in list(self._held.items()):
            if key.channel in PRIVATE:
                self._end(key)
                self._suspended[key] = member.options
                member.end(reason)

    def resume(self, *, restore: bool) -> None:
        """Restore the suspended subscriptions after a login of the same account, or forget them."""
        suspended, self._suspended = self._suspended, {}
        if restore:
            for key, options in suspended.items():
                self.begin(self.add([key], options))

    def beat(self, now: int) -> None:
        """Send the heartbeat of this second, if the session is subscribed to it. `now` is the time in nanoseconds."""
        member = self._held.get(HEARTBEAT)
        if member is not None:
            self._beats += 1
            self._drop_ended()
            stale = self._fanout.stale(self._held.values())
            # Subscriptions that may lag behind the exchange give no number.
            numbers = self._fanout.last_numbers(held for held in self._held.values() if held not in stale)
            member.send(heartbeat_frame(self._beats, now, numbers, stale), self._beats)

    def described(self) -> list[dict[str, Any]]:
        """The present subscriptions."""
        self._drop_ended()
        return [member.described() for member in self._held.values()]

    def _drop_ended(self) -> None:
        """Remove the subscriptions that their feeds have ended."""
        for key in [key for key, member in self._held.items() if member.ended]:
            self._end(key)

    def _end(self, key: Key) -> None:
        member = self._held.pop(key, None)
        if member is not None:
            self._fanout.leave(member)
