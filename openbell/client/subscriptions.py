"""Which channels this client reads, and who reads them: it subscribes, again after every reconnect and every gap.

One subscription per channel and symbol: its readers share its options. Each reader has its own feed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from openbell.client.errors import NotAllowed, OpenbellError, RequestError, TryAgain
from openbell.client.feeds import Feed, Frame
from openbell.client.sequence import OutOfStep
from openbell.client.socket import Socket

log = structlog.get_logger()

Item = TypeVar("Item")

_COUNTED = (("book", "seq"), ("trades", "trade_id"))
"""Channels whose last number a heartbeat tells, and the member that holds it."""

_PAUSE_SECONDS = 0.5
"""The least time between two subscriptions to one channel: a fault that repeats shall not become a flood."""


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
        """As `subscribe` wants them."""
        symbols = {"symbols": [self.symbol]} if self.symbol else {}
        return {"channel": self.channel, **symbols, **self.options}

    def await_snapshot(self) -> None:
        """What the readers get next is a snapshot."""
        for reader in self.readers:
            reader.await_snapshot()

    def fail(self, error: OpenbellError) -> None:
        """End every reader."""
        for reader in self.readers:
            reader.fail(error)


class Subscriptions:
    """All subscriptions of one client; it listens to the connection."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Subscription] = {}
        self._socket: Socket | None = None
        self._refused: NotAllowed | None = None

    async def read(self, channel: str, symbol: str, options: dict[str, Any], feed: Feed[Item]) -> AsyncGenerator[Item]:
        """Subscribe, and yield the feed's items until the reader stops or the feed fails."""
        subscription = self._join(channel, symbol, options, feed)
        try:
            while True:
                yield await feed.next()
        finally:
            self._leave(subscription, feed)

    def connected(self, socket: Socket) -> None:
        """Subscribe to everything on the new socket, and to heartbeats, or want of trading would look like death."""
        self._socket = socket
        socket.spawn(socket.ask("subscribe", {"channel": "heartbeat"}))
        for subscription in self._held.values():
            self._ask(subscription)

    def refused(self, error: NotAllowed) -> None:
        """There will be no connection any more."""
        self._refused = error
        for subscription in self._held.values():
            subscription.fail(error)

    def renewed(self, channel: str) -> None:
        """The token is fresh again: take up the private channel that had ended."""
        for subscription in self._held.values():
            if subscription.channel == channel:
                self._ask(subscription)

    def take(self, frame: Frame) -> None:
        """Give a message to its readers."""
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
            log.info("client.out_of_step", channel=subscription.channel, symbol=subscription.symbol, fault=str(gap))
            self._ask(subscription)

    def _compare(self, heartbeat: Frame) -> None:
        """See by what the exchange has sent us whether the end of something is missing."""
        for symbol, numbers in heartbeat["symbols"].items():
            for channel, name in _COUNTED:
                subscription = self._held.get((channel, symbol))
                if subscription and any(0 <= one.seq_of(symbol) < numbers.get(name, 0) for one in subscription.readers):
                    log.info("client.behind_heartbeat", channel=channel, symbol=symbol)
                    self._ask(subscription)

    def _end(self, frame: Frame) -> None:
        reason = str(frame.get("reason") or "token_expired")
        for subscription in self._held.values():
            if subscription.channel == frame["channel"]:
                subscription.fail(NotAllowed("the exchange ended this private channel", code=reason))

    def _join(self, channel: str, symbol: str, options: dict[str, Any], feed: Feed[Any]) -> Subscription:
        subscription = self._held.setdefault((channel, symbol), Subscription(channel, symbol, options))
        if subscription.options != options:
            raise ValueError(f"{channel} {symbol} is subscribed to with other options: {subscription.options}")
        subscription.readers.append(feed)
        if self._refused is not None:
            feed.fail(self._refused)
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
        """Work on the present socket; without one, the next will be told everything."""
        if self._socket is not None and not self._socket.ended:
            self._socket.spawn(work(self._socket, subscription))

    async def _subscribe(self, socket: Socket, subscription: Subscription) -> None:
        loop = asyncio.get_running_loop()
        while subscription.readers:
            wait = subscription.asked_at + _PAUSE_SECONDS - loop.time()
            subscription.asked_at = max(loop.time(), subscription.asked_at + _PAUSE_SECONDS)
            await asyncio.sleep(wait)
            try:
                await socket.ask("subscribe", subscription.params)
            except TryAgain as busy:
                log.info("client.subscribe_again", channel=subscription.channel, code=busy.code)
            except RequestError as refused:
                subscription.fail(refused)
                return
            else:
                return

    async def _unsubscribe(self, socket: Socket, subscription: Subscription) -> None:
        if (subscription.channel, subscription.symbol) not in self._held:
            with suppress(RequestError):
                await socket.ask("unsubscribe", subscription.params)
