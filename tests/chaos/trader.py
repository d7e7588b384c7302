"""A trader: sends orders at a steady rate whatever comes back, and writes everything down.

- Orders rest (half of them), are canceled, or take what is there, in all instruments alike, at random by seed.
- An order whose outcome is unknown is sent again under its client order id until somebody says what became of it. One
  that was answered `busy`, and with no doubt about an earlier attempt, is given up: it surely was not stored.
- It keeps one connection, to another gateway after each loss, and closes every gap in its reports with `resume`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

from tests.chaos.ledger import UNSETTLED, Frame, Ledger, Placement
from tests.chaos.socket import Lost, Socket
from tests.support.nats import until

IN_FLIGHT_MAX = 400
"""Requests of one trader without an outcome; beyond it a turn is missed, and counted."""

RECONNECT_SECONDS = 0.2
AGAIN_SECONDS = 0.2
"""Before a request is repeated whose outcome is unknown."""

HEAL_SECONDS = 0.1
SNAPSHOTS_SECONDS = 60.0
TICKS = range(9_900, 10_100)
OPEN_MAX = 60
"""Above so many open orders it cancels more than it places."""


class Trader:
    """See the module. `run` lasts until it is canceled; `urls` are tried in turn from number `first` on."""

    def __init__(
        self, account: str, token: str, urls: list[str], first: int, symbols: list[str], rate: float, seed: int
    ) -> None:
        self.ledger = Ledger(account)
        self.held_back = 0
        self.connects = 0
        self.quitting = False
        self._token = token
        self._urls = urls
        self._symbols = symbols
        self._rate = rate
        self._random = random.Random(f"{seed} {account}")  # noqa: S311 - to be repeated, not to be secret
        self._at = first
        self._socket: Socket | None = None
        self._connected = asyncio.Event()
        self._heard: dict[int, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._sent = 0

    async def run(self) -> None:
        """Stay connected, close gaps, and trade."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._stay_connected())
                group.create_task(self._heal())
                group.create_task(self._trade())
        finally:
            for task in self._tasks:
                task.cancel()
            if self._socket is not None:
                self._socket.abort()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._tasks and not self.ledger.behind()

    @property
    def connected(self) -> bool:
        """Whether it is logged in somewhere."""
        return self._connected.is_set() and self._socket is not None and not self._socket.ended.is_set()

    @property
    def url(self) -> str:
        """The gateway that it is connected to, or tries next."""
        return self._urls[self._at % len(self._urls)]

    def hang_up(self) -> None:
        """Lose the connection, as clients do."""
        if self._socket is not None:
            self._socket.abort()

    async def catch_up(self) -> None:
        """Ask for all reports that there are: a gateway may still be on its way to those that it has missed itself."""
        for partition, feed in self.ledger.feeds.items():
            while not await self._resume(partition, feed.cursor):  # noqa: ASYNC110 - nothing tells when it may work
                await asyncio.sleep(AGAIN_SECONDS)

    async def cancel_everything(self) -> int:
        """Cancel one by one whatever the ledger calls open; how many of them the exchange knew as open."""
        done = 0
        for order_id, placement in list(self.ledger.open.items()):
            done += await self._cancel(order_id, placement) == ""
        return done

    # Connection

    async def _stay_connected(self) -> None:
        while True:
            try:
                socket = await Socket.open(self._urls[self._at % len(self._urls)], self._hear)
                await self._begin(socket)
                await socket.ended.wait()
            except Lost:
                pass
            self._connected.clear()
            self._at += 1
            await asyncio.sleep(RECONNECT_SECONDS * self._random.random())

    async def _begin(self, socket: Socket) -> None:
        self._heard.clear()
        for method, params in (("login", {"token": self._token}), ("subscribe", {"channel": "orders"})):
            async with asyncio.timeout(5):
                answer = await socket.ask(method, params)
            if "error" in answer:
                socket.abort()
                raise Lost(str(answer["error"]))
        self._socket = socket
        self.connects += 1
        self._connected.set()

    def _hear(self, frame: Frame) -> None:
        if frame["channel"] != "orders":
            return
        partition, seq = frame["partition"], frame["seq"]
        if frame["type"] == "snapshot":
            self._heard[partition] = seq
            self.ledger.snapshot(frame)
            return
        if seq != self._heard[partition] + 1:
            self.ledger.faults.append(f"one session heard report {seq} after {self._heard[partition]}")
        self._heard[partition] = max(seq, self._heard[partition])
        self.ledger.report(frame)

    async def _heal(self) -> None:
        while True:
            await asyncio.sleep(HEAL_SECONDS)
            for partition, cursor in self.ledger.behind():
                await self._resume(partition, cursor)

    async def _resume(self, partition: int, cursor: str) -> bool:
        """Whether that was answered."""
        try:
            answer = await (await self._there()).ask("resume", {"channel": "orders", "cursor": cursor})
        except Lost:
            return False
        if "result" in answer:
            for frame in answer["result"]["reports"]:
                self.ledger.report(frame)
        elif answer["error"]["code"] in UNSETTLED:
            return False
        else:
            self.ledger.faults.append(f"resume of partition {partition} from {cursor}: {answer['error']['code']}")
            self.ledger.feeds[partition].highest = self.ledger.feeds[partition].top
        return True

    async def _there(self) -> Socket:
        await self._connected.wait()
        assert self._socket is not None
        return self._socket

    # Orders

    async def _trade(self) -> None:
        # Reports from before the first snapshot are nobody's: orders wait for one of each partition.
        await until(lambda: len(self.ledger.feeds) == len(self._symbols), SNAPSHOTS_SECONDS)
        loop = asyncio.get_running_loop()
        due = loop.time() + self._random.random() / self._rate
        while True:
            await asyncio.sleep(max(0.0, due - loop.time()))
            due += 1 / self._rate
            if self.quitting:
                return
            if len(self._tasks) >= IN_FLIGHT_MAX or not self._connected.is_set():
                self.held_back += 1
            else:
                self._spawn(self._next())

    def _next(self) -> Coroutine[Any, Any, object]:
        choice = self._random.random()
        if self.ledger.open and (choice < 0.3 or len(self.ledger.open) > OPEN_MAX):
            order_id = self._random.choice(list(self.ledger.open))
            return self._cancel(order_id, self.ledger.open[order_id])
        self._sent += 1
        at = self._random.randrange(len(self._symbols))
        placement = self.ledger.place(f"{self.ledger.account}-{self._sent}", self._symbols[at], at)
        return self._place(placement, self._terms(placement, takes=choice > 0.8))

    def _terms(self, placement: Placement, *, takes: bool) -> dict[str, Any]:
        tick = self._random.choice(TICKS)
        terms = {
            "symbol": placement.symbol,
            "client_order_id": placement.name,
            "side": self._random.choice(("buy", "sell")),
            "type": "limit",
            "quantity": str(self._random.randint(1, 20)),
            "price": f"{tick // 100}.{tick % 100:02d}",
        }
        return terms | ({"time_in_force": "ioc"} if takes else {})

    async def _place(self, placement: Placement, terms: dict[str, Any]) -> None:
        while not placement.settled:
            placement.attempts += 1
            code, order = await self._ask("order.place", terms, placement, cancel=False)
            if not code:
                self.ledger.placed(placement, order)
            elif code == "busy" and not placement.maybe_stored:
                placement.surely_not_stored = True
            elif code in UNSETTLED:
                placement.maybe_stored = placement.maybe_stored or code != "busy"
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                placement.refused = code

    async def _cancel(self, order_id: str, placement: Placement) -> str:
        while True:
            code, order = await self._ask("order.cancel", {"order_id": order_id}, placement, cancel=True)
            if not code:
                self.ledger.placed(placement, order)
            if code not in UNSETTLED:
                self.ledger.open.pop(order_id, None)
                return code
            await asyncio.sleep(AGAIN_SECONDS)

    async def _ask(
        self, method: str, params: dict[str, Any], placement: Placement, *, cancel: bool
    ) -> tuple[str, Frame]:
        """One attempt: its code, and the order if there is none."""
        loop = asyncio.get_running_loop()
        socket = await self._there()
        sent = loop.time()
        try:
            answer = await socket.ask(method, params)
        except Lost:
            self.ledger.lost(placement.partition, sent, loop.time(), cancel=cancel)
            return "lost", {}
        code = self.ledger.answer(placement.partition, answer, sent, loop.time(), cancel=cancel)
        return code, answer.get("result", {})

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task: asyncio.Task[Any] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.ledger.faults.append(f"the trader itself failed: {task.exception()!r}")
