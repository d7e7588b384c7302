"""Run: sends a plan through a running exchange, and reads the outcome from its public book.

All requests are sent on one connection, in batches of which BATCHES_IN_FLIGHT are in flight: the exchange carries out
the requests of a connection in order. Each answer and each message of the book carry the journal place of their
command, so the book after any one command is known without waiting for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from openbell.client import Client, requests
from openbell.client.book import Book
from openbell.client.feeds import Frame
from openbell.client.requests import Request, Terms
from openbell.errors import Fault
from openbell.replay.lobster import BUY, PRICE_SCALE, LobsterMessage, Opening, Top, printed
from openbell.replay.plan import ACCOUNTS, TAKERS_ACCOUNT, Action, Plan

BATCH: Final = 50
"""Requests that the exchange accepts at once."""

BATCHES_IN_FLIGHT: Final = 1
"""A batch's answers are 27 kB and share the connection with the book, which is conflated when 64 kB are unread."""

SETTLE_SECONDS: Final = 30.0
"""The time that the book's last message may take after the last answer."""

MARKER_PRICE: Final = "0.01"

Place = tuple[int, int]
"""A command's place in the journal: message and index."""

NOWHERE: Final = (0, 0)
"""The place before every command."""


@dataclass(slots=True)
class Result:
    """The best levels after each message, refusals by code, and seconds."""

    shown: list[Top]
    refused: Counter[str]
    commands: int
    seconds: float


class Follower:
    """Follows the public book and records its top after every command that changed it."""

    def __init__(self, symbol: str) -> None:
        self._book = Book(symbol)
        self._tops: list[tuple[Place, Top]] = []
        self._changed = asyncio.Event()

    async def follow(self, frames: AsyncGenerator[Frame]) -> None:
        """Apply the book's messages for as long as they come."""
        async with aclosing(frames):
            async for frame in frames:
                if frame["type"] == "snapshot":
                    self._begin(frame)
                self._book.apply(frame)
                self._tops.append((place_of(frame.get("journal") or "0.0"), self._top()))
                self._changed.set()

    def _begin(self, frame: Frame) -> None:
        if self._tops:
            raise Fault("the exchange left out messages of the book: this machine is too busy", "Try it once more.")
        if frame["bids"] or frame["asks"]:
            symbol = frame["symbol"]
            raise Fault(f"the book of {symbol} is not empty", "Name another --symbol; it is listed if need be.")

    async def reached(self, place: Place) -> None:
        """Wait until the book has come as far as a command that changed it; NOWHERE waits for the snapshot."""
        while not self._tops or self._tops[-1][0] < place:
            self._changed.clear()
            await self._changed.wait()

    def tops_at(self, places: list[Place]) -> list[Top]:
        """The top after each of these commands, which ascend."""
        tops, at = [], 0
        for place in places:
            while at + 1 < len(self._tops) and self._tops[at + 1][0] <= place:
                at += 1
            tops.append(self._tops[at][1])
        return tops

    def _top(self) -> Top:
        ask, bid = self._book.best_ask, self._book.best_bid
        cells = [cell for level in (ask, bid) for cell in ((level.price, level.quantity) if level else (0, 0))]
        return Top(int(cells[0] * PRICE_SCALE), int(cells[1]), int(cells[2] * PRICE_SCALE), int(cells[3]))


@dataclass(slots=True)
class Sender:
    """Sends requests in order, a bounded number of batches ahead of the answers."""

    client: Client
    refused: Counter[str] = field(default_factory=Counter)
    places: list[Place] = field(default_factory=list)
    """The journal place of each request; that of a refused request is the one before."""
    _flight: deque[asyncio.Task[Any]] = field(default_factory=deque)

    async def send(self, batch: list[Request]) -> None:
        """Send a batch; returns as soon as another batch may follow."""
        rows = [{"method": request.method, "params": request.params} for request in batch]
        self._flight.append(asyncio.create_task(self.client.request("order.batch", {"requests": rows})))
        if len(self._flight) >= BATCHES_IN_FLIGHT:
            await self._land()

    async def finish(self) -> None:
        """Wait for every answer."""
        while self._flight:
            await self._land()

    async def _land(self) -> None:
        for row in await self._flight.popleft():
            if "error" in row:
                self._refuse(row["error"]["code"])
            before = self.places[-1] if self.places else NOWHERE
            self.places.append(place_of(row["journal"]) if row.get("journal") else before)

    def _refuse(self, code: str) -> None:
        if code == "rate_limited":
            raise Fault("the exchange limits rates", "Start it with OPENBELL_RATE_LIMITS=off.")
        self.refused[code] += 1


class Script:
    """All requests of a replay in order; `last` is for each message the number of requests that complete it."""

    def __init__(self, symbol: str, opening: Opening, messages: list[LobsterMessage]) -> None:
        self.plan = Plan()
        self.requests: list[Request] = []
        self.last: list[int] = []
        self._symbol = symbol
        # A client order id may be used once a day, a replay as often as one likes.
        self._run = uuid4().hex[:6]
        self._add(self.plan.opening(opening.levels))
        for message in messages:
            self._add(self.plan.actions(message))
            self.last.append(len(self.requests))

    def _add(self, actions: list[Action]) -> None:
        self.requests += [self._request(action) for action in actions]

    def _request(self, action: Action) -> Request:
        name, account = f"{self._run}.{action.name}", action.account
        if action.method == "cancel":
            return requests.cancel(name, symbol=self._symbol, account=account)
        if action.method == "amend":
            return requests.amend(name, symbol=self._symbol, account=account, quantity=action.quantity)
        return requests.place(
            self._symbol,
            "buy" if action.side == BUY else "sell",
            action.quantity,
            printed(action.price),
            client_order_id=name,
            account=account,
            time_in_force="ioc" if action.method == "take" else "gtc",
        )


async def replay(client: Client, symbol: str, script: Script, advance: Callable[[int], None]) -> Result:
    """Carry out a script in an empty book; `advance` is called with the number of requests sent."""
    for account in ACCOUNTS:
        await client.request("order.cancel_all", {"symbol": symbol, "account": account})
    follower = Follower(symbol)
    try:
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follower.follow(client.frames("book", symbol, depth=0, interval_ms=0)))
            await follower.reached(NOWHERE)
            result = await _perform(client, symbol, script, follower, advance)
            following.cancel()
    except* Fault as faults:
        raise faults.exceptions[0] from None
    return result


async def _perform(
    client: Client, symbol: str, script: Script, follower: Follower, advance: Callable[[int], None]
) -> Result:
    began = time.perf_counter()
    sender = Sender(client)
    for at in range(0, len(script.requests), BATCH):
        batch = script.requests[at : at + BATCH]
        await sender.send(batch)
        advance(len(batch))
    await sender.finish()
    await _settle(client, symbol, follower)
    seconds = time.perf_counter() - began
    shown = follower.tops_at([sender.places[last - 1] for last in script.last])
    return Result(shown, sender.refused, len(script.requests), seconds)


async def _settle(client: Client, symbol: str, follower: Follower) -> None:
    """Wait until the book has shown all changes, which it has once it shows an order sent after all others."""
    terms: Terms = {"account": TAKERS_ACCOUNT}
    marker = await client.buy(symbol, 1, at=MARKER_PRICE, **terms)
    async with asyncio.timeout(SETTLE_SECONDS):
        await follower.reached(place_of(marker.journal))
    await client.request("order.cancel", {"order_id": marker.order_id, "account": TAKERS_ACCOUNT})


def place_of(journal: str) -> Place:
    """Read "sequence.index"."""
    sequence, _, index = journal.partition(".")
    return int(sequence), int(index)
