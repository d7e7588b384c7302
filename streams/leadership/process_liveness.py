"""Failure detector of worker processes: nats-server closes the connection of a dead process at once.

A request to a worker's own subject comes back as "no responders" when its connection is gone. Once may be a reconnect,
or a subscription that has not spread through a cluster yet; ABSENCES_MAX times running is death. A frozen worker keeps
its connection and only fails to answer: its lease detects that. Times are seconds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Final

from streams import subjects
from streams.broker.connection import Connection
from streams.errors import NobodyListens, Unavailable

PULSE_INTERVAL: Final = 0.1
ANSWER_TIMEOUT: Final = 0.1
ABSENCES_MAX: Final = 3


class Pulse:
    """Failure detector: counts for each worker how often running its subject had no responder."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._absences: Counter[str] = Counter()

    async def missing(self, workers: Iterable[str]) -> list[str]:
        """The dead among `workers`; to be called every PULSE_INTERVAL."""
        asked = sorted(workers)
        present = await asyncio.gather(*(self._is_there(worker) for worker in asked))
        absent = [worker for worker, there in zip(asked, present, strict=True) if not there]
        self._absences = Counter({worker: self._absences[worker] + 1 for worker in absent})
        return [worker for worker in absent if self._absences[worker] >= ABSENCES_MAX]

    async def _is_there(self, worker: str) -> bool:
        try:
            await self._connection.request(subjects.worker(worker), b"", ANSWER_TIMEOUT)
        except NobodyListens:
            return False
        except Unavailable:
            return True  # a timeout is no proof of death
        return True
