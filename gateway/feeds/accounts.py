"""Account queries: an account's cash, positions and limits, gathered from all partitions.

Each partition knows its own instruments: sums of money are added up exactly, rows are joined. Partitions answer as of
different moments, so each part of the answer is as of its own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from exchange.units import from_text, to_text
from gateway.errors import ApiError
from gateway.orders import body_of
from streams.errors import StreamError

if TYPE_CHECKING:
    from streams.venue import Venue

Json = dict[str, Any]


class AccountQueries:
    """The queries about accounts."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue

    async def account(self, account: str) -> Json:
        """Cash, fees, positions, limits and what is used of them; ApiError `unavailable`."""
        parts = await asyncio.gather(*(self._part(number, account) for number in range(self._venue.partitions)))
        return {
            "account": account,
            "cash": added_up(part["cash"] for part in parts),
            "fees": added_up(part["fees"] for part in parts),
            **joined(parts),
        }

    async def positions(self, account: str) -> Json:
        """The positions that are not flat; ApiError `unavailable`."""
        return {"positions": (await self.account(account))["positions"]}

    async def _part(self, partition: int, account: str) -> Json:
        try:
            answer = await self._venue.query(partition, "account", account=account)
        except StreamError as error:
            raise ApiError("unavailable", retry_after=1.0) from error
        part: Json = orjson.loads(body_of(answer))
        return part


def joined(parts: list[Json]) -> Json:
    """The rows of all partitions but no sums of money; a limit for all instruments is in each of the partitions."""
    found: Json = {}
    for name in ("positions", "limits", "used"):
        rows = [row for part in parts for row in part[name]]
        if name == "limits":
            rows = distinct(rows)
        found[name] = sorted(rows, key=lambda row: row["symbol"] or "")
    return found


def distinct(rows: list[Json]) -> list[Json]:
    """The rows without repetitions, in the order of their first; linear in their number."""
    return list({orjson.dumps(row): row for row in reversed(rows)}.values())[::-1]


def added_up(amounts: Any) -> str:  # noqa: ANN401 - decimals as text
    """A sum of money, exact."""
    return to_text(sum(from_text(amount) for amount in amounts), 0)
