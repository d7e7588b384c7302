"""Trims a partition's journal and its events behind its checkpoints, when the operator has set a retention.

- Only while the last but one checkpoint is younger than half the retention: everything older is covered twice over,
  and half the retention is left for a request that the server carries out late.
- The streams never keep a limit of age. It is set for one moment, which trims, and taken back at once: a server that
  is started after a long time off would drop, by its own limit, commands that nobody has answered.
- Without retention nothing is ever dropped, and a full journal refuses (topology.py).

Times: nanoseconds of the server's clock, but settings are seconds.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Final

import structlog

from streams import subjects
from streams.checkpoints import Checkpoints
from streams.connection import Connection
from streams.errors import ApiRefused, Unavailable
from streams.settings import StreamSettings

log = structlog.get_logger()

CHECK_INTERVAL: Final = 60.0
RETRY_INTERVAL: Final = 0.5
COVERING: Final = 1
"""Which checkpoint, from the newest, has to be young: the one that is used if the newest is damaged."""

SECOND: Final = 1_000_000_000


class Retention:
    """See the module. `run` has to run for as long as the partition is led."""

    def __init__(self, connection: Connection, settings: StreamSettings, number: int) -> None:
        self._connection = connection
        self._number = number
        self._checkpoints = Checkpoints(connection, number)
        self._age_max = int(settings.journal_retention_seconds * SECOND)
        self._streams = (subjects.journal_stream(number), subjects.events_stream(number))

    async def run(self) -> None:
        """Trim now and then, for ever; first take back what a leader that died may have left set."""
        try:
            for stream in self._streams:
                await self._keep(stream)
            while self._age_max:
                await asyncio.sleep(CHECK_INTERVAL)
                await self._try_to_trim()
        except ApiRefused as error:
            # A person has to look at the server; trading goes on until the journal is full.
            log.critical("journal.age_limit_refused", partition=self._number, error=str(error))

    async def _try_to_trim(self) -> None:
        try:
            await self.trim()
        except Unavailable as error:
            log.warning("journal.not_trimmed", partition=self._number, error=str(error))

    async def trim(self) -> None:
        """Drop what is older than the retention, if checkpoints allow it."""
        manifests = await self._checkpoints.all()
        for stream in self._streams:
            information = await self._connection.api(f"STREAM.INFO.{stream}")
            now, state = _nanoseconds(information["ts"]), information["state"]
            if not state["messages"] or now - _nanoseconds(state["first_ts"]) <= self._age_max:
                continue
            if len(manifests) <= COVERING or now - manifests[COVERING].at > self._age_max // 2:
                log.info("journal.kept", partition=self._number, why="no young checkpoints cover it")
                return
            await self._drop_old(stream, information["config"], state["first_seq"])

    async def _drop_old(self, stream: str, config: dict[str, Any], before: int) -> None:
        try:
            await self._connection.api(f"STREAM.UPDATE.{stream}", config | {"max_age": self._age_max})
        finally:
            await self._keep(stream)
        first = (await self._connection.api(f"STREAM.INFO.{stream}"))["state"]["first_seq"]
        log.info("journal.trimmed", partition=self._number, stream=stream, messages=first - before, first=first)

    async def _keep(self, stream: str) -> None:
        """See to it that the stream drops nothing by itself; as long as it takes."""
        while True:
            try:
                config = (await self._connection.api(f"STREAM.INFO.{stream}"))["config"]
                if config["max_age"]:
                    await self._connection.api(f"STREAM.UPDATE.{stream}", config | {"max_age": 0})
            except Unavailable as error:
                log.warning("journal.age_limit_unknown", stream=stream, error=str(error))
                await asyncio.sleep(RETRY_INTERVAL)
            else:
                return


def _nanoseconds(timestamp: str) -> int:
    return round(datetime.fromisoformat(timestamp).timestamp() * 1_000_000) * 1_000
