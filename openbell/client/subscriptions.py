"""Subscriptions: the channels of a client and their readers, subscribed to again after every reconnect and every gap.

One subscription per channel and symbol: its readers share its options. Each reader has its own feed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from openbell.client.errors import (
    NONSENSE,
    ClientClosed,
    FeedError,
    NotAllowed,
    OpenbellError,
    OutOfStep,
    RequestError,
    TryAgain,
    Unreadable,
)
from openbell.client.feeds import Feed, Frame
from openbell.client.socket import Socket

log = logging.getLogger(__name__)

Item = TypeVar("Item")

_COUNTED = (("book", "seq"), ("trades", "trade_seq"))
"""Channels whose last `seq` a heartbeat has, and the member with it. A `trade_id` would not do for the tape: it counts
prints and no busts, so after a bust the loss of the last print would not show."""

_OF_TOKENS = ("token_expired", "login", "forbidden")
"""The reasons for the end of a private channel that another token restores."""

_PAUSE_SECONDS = 0.5
"""The least time between two subscriptions to one channel, so that a repeated fault does not become a flood."""


@dataclass(eq=False, slots=True)
class Subscription:
    """A channel of a symbol ("" for all, or for a channel without symbols), with its options and readers."""

    channel: str
    symbol: str
    options: dict[str, Any]
    readers: list[Feed[Any]] = field(default_factory=list)
    asked_at: float = float("-inf")

    @property
    def params(self) -> dict[str, Any]:
        """The params of `subscribe`."""
        symbols = {"symbols": [self.symbol]} if self.symbol else {}
        return {"channel": self.channel, **symbols, **self.options}

    def await_snapshot(self) -> None:
        """Make the readers wait for a snapshot."""
        for reader in self.readers:
            reader.await_snapshot()

    def fail(self, error: OpenbellError) -> None:
        """End every reader."""
        for reader in self.readers:
            reader.fail(error)


class Subscriptions:
    """All subscriptions of one client, which listen to its connection.

    `answer_timeout`: seconds without an answer after which `subscribe` is sent again.
    """

    def __init__(self, answer_timeout: float) -> None:
        self._answer_timeout = answer_timeout
        self._held: dict[tuple[str, str], Subscription] = {}
        self._socket: Socket | None = None
        self._ended: OpenbellError | None = ClientClosed("the client is not open: use `async with Client(…)`")

    async def read(self, channel: str, symbol: str, options: dict[str, Any], feed: Feed[Item]) -> AsyncGenerator[Item]:
        """Subscribe, and yield the feed's items until the reader stops or the feed fails."""
        async with aclosing(self.hold(channel, symbol, options, feed)) as held:
            await anext(held)
            while True:
                yield await feed.next()

    async def hold(self, channel: str, symbol: str, options: dict[str, Any], feed: Feed[Item]) -> AsyncGenerator[None]:
        """Subscribe, and pass messages to the feed until the generator is closed; it yields once."""
        subscription = self._join(channel, symbol, options, feed)
        try:
            yield
        finally:
            self._leave(subscription, feed)

    def opened(self) -> None:
        """Accept readers from here on."""
        self._ended = None

    def connected(self, socket: Socket) -> None:
        """Subscribe to everything on the new socket, and to heartbeats, or a quiet market would look dead."""
        self._socket = socket
        socket.spawn(socket.ask("subscribe", {"channel": "heartbeat"}))
        for subscription in self._held.values():
            self._ask(subscription)

    def ended(self, error: OpenbellError) -> None:
        """End every reader: no connection will come."""
        self._ended = error
        for subscription in self._held.values():
            subscription.fail(error)

    def channel_ended(self, channel: str, error: OpenbellError) -> None:
        """End the readers of a private channel."""
        for subscription in self._held.values():
            if subscription.channel == channel:
                subscription.fail(error)

    def renewed(self, channel: str) -> None:
        """Subscribe again to a private channel that had ended, after a login with a fresh token."""
        for subscription in self._held.values():
            if subscription.channel == channel:
                self._ask(subscription)

    def take(self, frame: Frame) -> None:
        """Pass a message to its readers."""
        channel = frame["channel"]
        if frame["type"] == "end":
            self._end(frame)
        elif channel == "heartbeat":
            self._compare(frame)
        else:
            self._deliver(channel, frame)

    def _deliver(self, channel: str, frame: Frame) -> None:
        for symbol in {frame.get("symbol") or "", ""}:
            subscription = self._held.get((channel, symbol))
            if subscription is not None:
                self._give(subscription, frame)

    def _give(self, subscription: Subscription, frame: Frame) -> None:
        try:
            for reader in subscription.readers:
                reader.put(frame)
        except OutOfStep as gap:
            log.info("%s %s begins again: %s", subscription.channel, subscription.symbol, gap)
            self._ask(subscription)
        except NONSENSE as fault:
            error = Unreadable(f"a message of {subscription.channel} {subscription.symbol} is unreadable: {fault!r}")
            error.__cause__ = fault
            subscription.fail(error)

    def _compare(self, heartbeat: Frame) -> None:
        """Compare a heartbeat's numbers with the feeds' to find channels whose last messages were lost."""
        for symbol, numbers in heartbeat["symbols"].items():
            for channel, name in _COUNTED:
                subscription = self._held.get((channel, symbol))
                if subscription and any(0 <= one.seq_of(symbol) < numbers.get(name, 0) for one in subscription.readers):
                    log.info("%s %s lacks its last message, as a heartbeat says", channel, symbol)
                    self._ask(subscription)

    def _end(self, frame: Frame) -> None:
        reason = str(frame.get("reason") or "token_expired")
        kind = NotAllowed if reason in _OF_TOKENS else FeedError
        self.channel_ended(frame["channel"], kind("the exchange ended this private channel", code=reason))

    def _join(self, channel: str, symbol: str, options: dict[str, Any], feed: Feed[Any]) -> Subscription:
        subscription = self._held.setdefault((channel, symbol), Subscription(channel, symbol, options))
        if subscription.options != options:
            raise ValueError(f"{channel} {symbol} is subscribed to with other options: {subscription.options}")
        subscription.readers.append(feed)
        if self._ended is not None:
            feed.fail(self._ended)
        self._ask(subscription)
        return subscription

    def _leave(self, subscription: Subscription, feed: Feed[Any]) -> None:
        subscription.readers.remove(feed)
        if not subscription.readers:
            del self._held[subscription.channel, subscription.symbol]
            self._spawn(self._unsubscribe, subscription)

    def _ask(self, subscription: Subscription) -> None:
        subscription.await_snapshot()
        self._spawn(self._subscribe, subscription)

    def _spawn(
        self, work: Callable[[Socket, Subscription], Coroutine[Any, Any, None]], subscription: Subscription
    ) -> None:
        """Run work on the present socket; without one, the next socket subscribes to everything."""
        if self._socket is not None and not self._socket.ended:
            self._socket.spawn(work(self._socket, subscription))

    async def _subscribe(self, socket: Socket, subscription: Subscription) -> None:
        loop = asyncio.get_running_loop()
        while subscription.readers:
            wait = subscription.asked_at + _PAUSE_SECONDS - loop.time()
            subscription.asked_at = max(loop.time(), subscription.asked_at + _PAUSE_SECONDS)
            await asyncio.sleep(wait)
            try:
                async with asyncio.timeout(self._answer_timeout):
                    await socket.ask("subscribe", subscription.params)
            except TimeoutError:
                log.info("%s %s is subscribed to again: no answer", subscription.channel, subscription.symbol)
            except TryAgain as busy:
                if busy.code == "too_many":  # waiting does not help: another channel must be left first
                    subscription.fail(busy)
                    return
                log.info("%s %s is subscribed to again: %s", subscription.channel, subscription.symbol, busy)
                subscription.asked_at = max(subscription.asked_at, loop.time() + busy.retry_after - _PAUSE_SECONDS)
            except RequestError as refused:
                subscription.fail(refused)
                return
            else:
                return

    async def _unsubscribe(self, socket: Socket, subscription: Subscription) -> None:
        if (subscription.channel, subscription.symbol) not in self._held:
            with suppress(RequestError):
                await socket.ask("unsubscribe", subscription.params)
