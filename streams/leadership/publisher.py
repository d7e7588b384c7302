"""Publishes a leader's reports and market data in journal order, even while one message takes long to render.

Rendered messages are published at once. Deferred ones (streams/publication/deferred.py) are rendered in pieces, the
event loop has its turn between any two pieces, and all later messages wait behind them: so each subject has the
journal's order. Bound: WAITING_MAX, then the leader waits.

A payload that is too large for one message is not sent: its subscribers see the gap and heal it by a query.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator

import structlog

from streams import subjects
from streams.broker.connection import Connection
from streams.errors import PayloadTooLarge
from streams.leadership.audience import Audience
from streams.leadership.lease_doubt import Certainty
from streams.partition.partition import Output

log = structlog.get_logger()

WAITING_MAX = 1_000
"""Journal messages that are answered while their reports and market data wait behind an earlier one's."""


class Teller:
    """Publisher of one leader. `run` must run for as long as outputs are published."""

    def __init__(self, connection: Connection, audience: Audience, certainty: Certainty, partition: int) -> None:
        self._connection = connection
        self._audience = audience
        self._certainty = certainty
        self._partition = partition
        self._waiting: deque[Output] = deque()
        self._something = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def idle(self) -> bool:
        """Whether all outputs have been published."""
        return self._idle.is_set()

    async def tell(self, output: Output) -> None:
        """Publish an output's reports and market data; calls come in the order of the journal."""
        await self._room.wait()
        if self._idle.is_set():
            self._tell_at_once(output)
            if output.later is None:
                return
            output = output._replace(reports=[], market_data=[])
        self._waiting.append(output)
        self._idle.clear()
        self._something.set()
        if len(self._waiting) >= WAITING_MAX:
            self._room.clear()

    async def settle(self) -> None:
        """Wait until all outputs have been published."""
        await self._idle.wait()

    async def run(self) -> None:
        """Publish waiting outputs, for ever."""
        while True:
            await self._something.wait()
            output = self._waiting[0]
            self._tell_at_once(output)
            if output.later is not None:
                await self._tell_on(output.later.messages())
            self._waiting.popleft()
            self._room.set()
            if not self._waiting:
                self._something.clear()
                self._idle.set()

    async def _tell_on(self, messages: Iterator[tuple[str, bytes] | None]) -> None:
        for message in messages:
            if message is not None:
                self._publish(*message)
                await self._connection.writable()
            await asyncio.sleep(0)
            if not self._certainty.refresh():
                await self._certainty.wait()

    def _tell_at_once(self, output: Output) -> None:
        for account, reports in output.reports:
            self._publish(subjects.reports(account), reports)
        for subject, frame in output.market_data:
            self._publish(subject, frame)

    def _publish(self, subject: str, payload: bytes) -> None:
        try:
            self._audience.publish(subject, payload)
        except PayloadTooLarge as error:
            log.warning("partition.message_too_large", partition=self._partition, subject=subject, error=str(error))
