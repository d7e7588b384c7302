"""Directory: the listed instruments and the partition of each.

The directory is filled by asking every partition, kept up to date by what the exchange publishes, and refreshed after a
reconnect. An unknown symbol is located once more before it is refused, so that an instrument listed through another
gateway a moment ago works at once.

Bounds: at most LOOKS_PER_SECOND searches for unknown symbols, whoever asks; a search without result is cached for
ABSENT_SECONDS.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import orjson
import structlog

from gateway.errors import ApiError, NotKnown
from streams.errors import StreamError

if TYPE_CHECKING:
    from streams.venue import Venue

log = structlog.get_logger()

LOOKS_PER_SECOND: Final = 20
ABSENT_SECONDS: Final = 0.25
ABSENT_MAX: Final = 10_000
RETRY_SECONDS: Final = 0.5
STOPPED: Final = "a part of the exchange has stopped and may hold this symbol: an operator has to mend it"


@dataclass
class Listed:
    """An instrument as the exchange describes it. `seq` counts its changes, 0 if it is known from a query."""

    symbol: str
    partition: int
    definition: dict[str, Any]
    seq: int


class Watcher(Protocol):
    """A receiver of listings as they happen."""

    def __call__(self, listed: Listed, previous: int | None, journal: str) -> None:
        """`previous` is the number before this change, None for a symbol never seen."""


class Directory:
    """The instruments this gateway knows."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._listed: dict[str, Listed] = {}
        self._absent: dict[str, float] = {}
        self._looks_from = 0.0
        self._looks = 0
        self._answered: set[int] = set()
        self._again = asyncio.Event()
        self.watchers: list[Watcher] = []

    async def run(self) -> None:
        """Follow listings until canceled, and ask all partitions at the start and whenever `refresh` is called."""
        await self._venue.follow_instruments(self._published)
        self.refresh()
        while True:
            await self._again.wait()
            self._again.clear()
            missing = [number for number in range(self._venue.partitions) if not await self._ask(number)]
            if missing:
                await asyncio.sleep(RETRY_SECONDS)
                self._again.set()

    def refresh(self) -> None:
        """Ask all partitions again, because a listing may have been missed."""
        self._again.set()

    @property
    def complete(self) -> bool:
        """Whether every partition that answers has given its instruments. A refresh finds later changes."""
        return self._answered | self._venue.dead >= set(range(self._venue.partitions))

    def knows(self, partition: int) -> bool:
        """Whether a partition has given its instruments once."""
        return partition in self._answered

    def symbols_in(self, partition: int) -> list[str]:
        """The known instruments of a partition."""
        return sorted(listed.symbol for listed in self._listed.values() if listed.partition == partition)

    def all(self) -> list[Listed]:
        """Every instrument, by symbol."""
        return [self._listed[symbol] for symbol in sorted(self._listed)]

    def find(self, symbol: str) -> Listed | None:
        """The instrument, if known now."""
        return self._listed.get(symbol)

    def partition_of(self, symbol: str) -> int:
        """The symbol's partition; NotKnown if a search may still find it, ApiError if it surely is not listed."""
        listed = self._listed.get(symbol)
        if listed is not None:
            return listed.partition
        if self._absent.get(symbol, 0.0) > _now():
            raise ApiError("unknown_instrument", field="symbol")
        raise NotKnown(symbol)

    async def locate(self, symbol: str) -> None:
        """Ask every partition whether it lists the symbol; then `partition_of` has an answer."""
        if not self._may_locate():
            raise ApiError("busy", retry_after=1.0)
        partitions = range(self._venue.partitions)
        answers = await asyncio.gather(*(self._lists(number, symbol) for number in partitions))
        home = next((number for number in partitions if answers[number]), None)
        if home is None and None not in answers:
            self._remember_absence(symbol)
        elif home is None or not await self._ask(home):
            if any(self._venue.is_stopped(number) for number in partitions):
                raise ApiError("unavailable", STOPPED)
            raise ApiError("unavailable")

    async def listed(self, symbol: str) -> Listed:
        """The instrument, located if it is not known; ApiError `unknown_instrument`."""
        if symbol not in self._listed:
            try:
                self.partition_of(symbol)
            except NotKnown:
                await self.locate(symbol)
        found = self._listed.get(symbol)
        if found is None:
            raise ApiError("unknown_instrument", field="symbol")
        return found

    def _may_locate(self) -> bool:
        now = _now()
        if now - self._looks_from >= 1.0:
            self._looks_from, self._looks = now, 0
        self._looks += 1
        return self._looks <= LOOKS_PER_SECOND

    def _remember_absence(self, symbol: str) -> None:
        if len(self._absent) >= ABSENT_MAX:
            self._absent.clear()
        self._absent[symbol] = _now() + ABSENT_SECONDS

    async def _lists(self, partition: int, symbol: str) -> bool | None:
        """Whether the partition lists the symbol; None if the partition does not answer."""
        try:
            answer = await self._venue.query(partition, "status", symbol=symbol)
        except StreamError:
            return None
        return not answer.code

    async def _ask(self, partition: int) -> bool:
        """Record a partition's instruments; False if the partition does not answer."""
        if self._venue.is_stopped(partition):
            return False
        before = [listed for listed in self._listed.values() if listed.partition == partition]
        try:
            answer = await self._venue.query(partition, "instruments")
        except StreamError as error:
            log.info("directory.partition_silent", partition=partition, fault=str(error))
            return False
        if answer.code:
            log.warning("directory.refused", partition=partition, code=answer.code)
            return False
        definitions = orjson.loads(answer.body)
        for definition in definitions:
            self._learn(definition, partition)
        self._forget_gone(before, {definition["symbol"] for definition in definitions})
        self._answered.add(partition)
        return True

    def _learn(self, definition: dict[str, Any], partition: int) -> None:
        known = self._listed.get(definition["symbol"])
        if known is not None and known.definition == definition:
            return
        self._change(definition, partition, known.seq + 1 if known else 0, "")

    def _forget_gone(self, before: list[Listed], symbols: set[str]) -> None:
        """Remove instruments that a partition listed before the query and no more: their delisting was missed."""
        for listed in before:
            if listed.symbol not in symbols and self._listed.get(listed.symbol) is listed:
                self._change({**listed.definition, "delisted": True}, listed.partition, listed.seq + 1, "")

    def _published(self, payload: bytes) -> None:
        frame = orjson.loads(payload)
        definition = frame["instrument"]
        known = self._listed.get(definition["symbol"])
        if known is None or frame["seq"] > known.seq:
            self._change(definition, definition["partition"], frame["seq"], frame.get("journal", ""))

    def _change(self, definition: dict[str, Any], partition: int, seq: int, journal: str) -> None:
        symbol = definition["symbol"]
        known = self._listed.pop(symbol, None)
        listed = Listed(symbol, partition, definition, seq)
        if "delisted" not in definition:
            self._listed[symbol] = listed
        self._absent.pop(symbol, None)
        for watcher in self.watchers:
            watcher(listed, known.seq if known else None, journal)


def _now() -> float:
    return asyncio.get_running_loop().time()
