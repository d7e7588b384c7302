"""One connection of one trader: requests and their answers, the reports and the book that it is sent, each checked.

Reports have to come without a hole or a repetition, and a book's frames have to follow one another, with the
checksum of what the book then is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tests.simulation.sockets import ClientSocket, Frame
from tests.support.follower import Follower

if TYPE_CHECKING:
    from tests.simulation.checks import Checks
    from tests.simulation.world import Process, World

ANSWER_SECONDS_MAX = 40.0
"""Whatever happens to a gateway that lives, a request is answered after that."""


class Gone(Exception):
    """The connection ended before the answer."""


class Conversation:
    """See the module. `reported` is called with each report that is new on this connection."""

    def __init__(self, world: World, client: Process, gateway: Process, checks: Checks, trader: Any) -> None:
        self.ended = False
        self.over = asyncio.Event()
        self.numbers: dict[int, int] = {}
        """Of the last report of each partition, or of its snapshot."""

        self.welcomed = asyncio.Event()
        self.book: Follower | None = None
        self._book_seq = -1
        self._checks = checks
        self._trader = trader
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._ids = 0
        self._socket = ClientSocket(world, client, gateway, self._hear, self._gone)

    async def ask(self, method: str, **params: Any) -> Frame:
        """Send a request and wait for its answer. Raises Gone."""
        if self.ended:
            raise Gone
        self._ids += 1
        answer: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._waiting[self._ids] = answer
        self._socket.send({"id": self._ids, "method": method, "params": params})
        try:
            return await asyncio.wait_for(answer, ANSWER_SECONDS_MAX)
        except TimeoutError:
            self._checks.problem(f"{self._trader.account}: {method} was never answered")
            self.drop()
            raise Gone from None

    def drop(self) -> None:
        """End it without a word."""
        self._socket.drop()
        self._gone()

    @property
    def session(self) -> str:
        """The session's number at the gateway, "" if it has ended."""
        return self._socket.session

    @property
    def gateway(self) -> Process:
        """Whom it is with."""
        return self._socket.gateway

    def _hear(self, frame: Frame) -> None:
        if "id" in frame:
            answer = self._waiting.pop(frame["id"], None)
            if answer is not None and not answer.done():
                answer.set_result(frame)
        elif frame["channel"] == "orders":
            self._hear_orders(frame)
        elif frame["channel"] == "book":
            self._hear_book(frame)

    def _hear_orders(self, frame: Frame) -> None:
        if frame["type"] == "snapshot":
            self.numbers[frame["partition"]] = frame["seq"]
            self._trader.snapshot(frame)
            if len(self.numbers) == self._trader.partitions:
                self.welcomed.set()
        elif frame["type"] == "update":
            partition, seq = frame["partition"], frame["seq"]
            if self.numbers.get(partition) != seq - 1 or frame["prev"] != seq - 1:
                told = f"{self._trader.account}: report {partition}-{seq} came after {self.numbers.get(partition)}"
                self._checks.problem(told)
            self.numbers[partition] = seq
            self._trader.report(frame)

    def _hear_book(self, frame: Frame) -> None:
        if frame["type"] == "snapshot":
            self.book = Follower(frame["symbol"])
        elif self.book is None or frame["prev"] != self._book_seq:
            self._checks.problem(f"book {frame['symbol']}: {frame['seq']} after {self._book_seq} says {frame['prev']}")
            return
        self._book_seq = frame["seq"]
        try:
            self.book.hear_book(frame)
        except AssertionError:
            self._checks.problem(f"book {frame['symbol']} {frame['seq']}: the checksum is another")

    def _gone(self) -> None:
        self.ended = True
        self.over.set()
        waiting, self._waiting = self._waiting, {}
        for answer in waiting.values():
            if not answer.done():
                answer.set_exception(Gone())
                answer.exception()
