"""Load client of `openbell bench path`, a process of its own: loads a WebSocket server and times the answers.

Closed loop: each connection keeps a fixed number of requests in flight. Open loop: requests are sent at a fixed rate
whatever the answers, and each is timed from when it was due, not from when it was sent (no coordinated omission).
Of ten requests five are orders that rest, four cancel one of them, and one is an immediate order that takes.
Run as a module this file reads a `Task` as JSON and prints `Findings` as JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count, cycle
from typing import Any, Final
from uuid import uuid4

import uvloop

from openbell.bench.timing import Latency
from openbell.bench.wire import Wire

WARM_UP_SECONDS: Final = 1.0
DRAIN_SECONDS: Final = 10.0
"""How long answers may take after the last request."""

PACE_SECONDS: Final = 0.001
"""How often the open loop sends the requests that are due."""

HEAD_BYTES: Final = 64
"""The head of an answer: its id, its command's place in the journal, and whether it is a result or an error."""

EXPECTED_CODES: Final = frozenset({"order_done"})
"""Refusals that belong to the flow: the order to cancel was filled before."""

PATTERN: Final = "pcpcpcpcpt"
"""p: an order that rests, c: a cancel of the connection's oldest order, t: an order that takes."""


@dataclass(frozen=True, slots=True)
class Task:
    """A measurement's task. `tokens`, one a connection, are empty without logins; `rate` 0 is a closed loop.

    Two connections, one for each side, trade an instrument; with more `symbols` the next two trade the next one.
    """

    host: str
    port: int
    symbols: list[str]
    tokens: list[str]
    in_flight: int
    seconds: float
    rate: float = 0.0
    warm_up_seconds: float = WARM_UP_SECONDS


@dataclass(frozen=True, slots=True)
class Findings:
    """A measurement's findings: answers a second, and quantiles of their latency in milliseconds."""

    rate: float
    p50: float
    p99: float
    p999: float
    refused: dict[str, int]


class Talker:
    """One connection and its requests."""

    def __init__(self, number: int, symbol: str, record: list[float], refused: Counter[str]) -> None:
        self._requests = _requests(number, symbol)
        self._numbers = count(1)
        self._sent: dict[int, float] = {}
        self._record = record
        self._refused = refused
        self._keep_going = False
        self._login: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def connect(self, host: str, port: int, token: str) -> None:
        """Open the connection and log in if there is a token."""
        self.wire = await Wire.open(host, port, self._take)
        if token:
            self.wire.send(json.dumps({"id": 0, "method": "login", "params": {"token": token}}).encode())
            answer = await self._login
            if b'"result"' not in answer:
                raise ConnectionError(answer.decode())

    def start(self, in_flight: int) -> None:
        """Keep this many requests in flight from now on."""
        self._keep_going = True
        for _ in range(in_flight):
            self.send(time.perf_counter())

    def stop(self) -> None:
        """Stop sending."""
        self._keep_going = False

    def send(self, due: float) -> None:
        """Send one request, timed from when it was due."""
        number = next(self._numbers)
        self._sent[number] = due
        self.wire.send(b'{"id":%d,%b}' % (number, next(self._requests)))

    @property
    def waiting(self) -> int:
        """Requests without an answer."""
        return len(self._sent)

    def _take(self, answer: bytes) -> None:
        now = time.perf_counter()
        # Every answer begins {"id":7, in both chains; parsing all of it would be time of the client, not of the server.
        number = int(answer[6 : answer.index(b",", 6)])
        if number == 0:
            self._login.set_result(answer)
            return
        self._record.append(now - self._sent.pop(number))
        if b'"error"' in answer[:HEAD_BYTES]:
            self._refused[json.loads(answer)["error"]["code"]] += 1
        if self._keep_going:
            self.send(now)


@dataclass(slots=True)
class Load:
    """All connections of a task."""

    task: Task
    record: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    talkers: list[Talker] = field(default_factory=list)

    async def run(self) -> Findings:
        """Connect, warm up, measure, and wait for the last answers."""
        for number, token in enumerate(self.task.tokens):
            symbol = self.task.symbols[number // 2 % len(self.task.symbols)]
            talker = Talker(number, symbol, self.record, self.refused)
            await talker.connect(self.task.host, self.task.port, token)
            self.talkers.append(talker)
        seconds = await (self._open_loop() if self.task.rate else self._closed_loop())
        findings = self._findings(seconds)
        for talker in self.talkers:
            talker.wire.close()
        return findings

    async def _closed_loop(self) -> float:
        for talker in self.talkers:
            talker.start(self.task.in_flight)
        await self._pass(self.task.warm_up_seconds)
        self.record.clear()
        began = time.perf_counter()
        await self._pass(self.task.seconds)
        # Requests in flight at the end belong to no full second: their answers are awaited and not counted.
        measured, seconds = list(self.record), time.perf_counter() - began
        for talker in self.talkers:
            talker.stop()
        await self._drain()
        self.record[:] = measured
        return seconds

    async def _open_loop(self) -> float:
        talkers, sent = cycle(self.talkers), 0
        began = time.perf_counter()
        total = int((self.task.warm_up_seconds + self.task.seconds) * self.task.rate)
        while sent < total:
            due = min(int((time.perf_counter() - began) * self.task.rate), total)
            while sent < due:
                next(talkers).send(began + sent / self.task.rate)
                sent += 1
            await self._pass(PACE_SECONDS)
        await self._drain()
        del self.record[: int(self.task.warm_up_seconds * self.task.rate)]
        return time.perf_counter() - began - self.task.warm_up_seconds

    async def _pass(self, seconds: float) -> None:
        """Wait, unless a connection is lost."""
        lost = [talker.wire.lost for talker in self.talkers]
        done, _ = await asyncio.wait(lost, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            future.result()

    async def _drain(self) -> None:
        deadline = time.perf_counter() + DRAIN_SECONDS
        while any(talker.waiting for talker in self.talkers):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"{sum(talker.waiting for talker in self.talkers)} requests were never answered")
            await self._pass(PACE_SECONDS)

    def _findings(self, seconds: float) -> Findings:
        latency = Latency.of(self.record)
        unexpected = {code: number for code, number in self.refused.items() if code not in EXPECTED_CODES}
        return Findings(len(self.record) / seconds, latency.p50, latency.p99, latency.p999, unexpected)


def _requests(number: int, symbol: str) -> Iterator[bytes]:
    """Requests without end, as JSON members. Even connections bid and take asks, odd ones ask and take bids."""
    run = uuid4().hex[:8]
    side, rests_at, takes_at = (("buy", 99, 101), ("sell", 101, 99))[number % 2]
    resting: deque[str] = deque()
    for step, what in zip(count(), cycle(PATTERN), strict=False):
        name = f"{run}-{step}"
        price = f"{rests_at if what == 'p' else takes_at}.{step % 50:02d}"
        common: dict[str, Any] = {"symbol": symbol, "client_order_id": name}
        if what == "c":
            yield _members("order.cancel", {**common, "client_order_id": resting.popleft()})
            continue
        order = {**common, "side": side, "type": "limit", "quantity": "1", "price": price}
        if what == "p":
            resting.append(name)
            yield _members("order.place", order)
        else:
            yield _members("order.place", {**order, "time_in_force": "ioc"})


def _members(method: str, params: dict[str, Any]) -> bytes:
    return json.dumps({"method": method, "params": params}, separators=(",", ":"))[1:-1].encode()


if __name__ == "__main__":
    findings = uvloop.run(Load(Task(**json.loads(sys.argv[1]))).run())
    print(json.dumps(asdict(findings)))  # noqa: T201 - the parent reads it
