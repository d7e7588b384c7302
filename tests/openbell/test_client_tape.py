"""openbell/client/tape.py: every print once, every bust after its print, and no hole in silence."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from openbell.client.errors import ConnectionLost, TooSlow, TradesMissed
from openbell.client.models import Trade
from openbell.client.tape import Tape, TapeFeed
from tests.support.exchange_double import ExchangeDouble
from tests.support.sdk import client_of, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable


def row(trade_id: int, *, bust: bool = False) -> dict[str, Any]:
    time = "2026-01-01T00:00:00.000000001Z"
    line = {"trade_id": trade_id, "price": "1.00", "quantity": "1", "side": "buy", "time": time}
    return {**line, "bust": True} if bust else line


def snapshot(seq: int, *rows: Any) -> dict[str, Any]:
    return {"channel": "trades", "type": "snapshot", "symbol": "ACME", "seq": seq, "trades": list(rows)}


def update(seq: int, prev: int, *rows: Any) -> dict[str, Any]:
    return {**snapshot(seq, *rows), "type": "update", "prev": prev}


def told(trades: Iterable[Trade]) -> list[int]:
    """Numbers of prints, negative ones of busts."""
    return [-trade.trade_id if trade.bust else trade.trade_id for trade in trades]


def test_a_print_is_read_once() -> None:
    """What a later snapshot repeats is left out; the order is that of the trade ids."""
    tape = Tape("ACME")
    assert told(tape.begin(snapshot(2, row(2), row(1)))) == [1, 2]
    assert tape.missing(snapshot(3, row(3), row(2))) == (0, 0)
    assert told(tape.begin(snapshot(3, row(3), row(2)))) == [3]


def test_a_bust_follows_its_print_wherever_it_is_read() -> None:
    """In an update, in the first snapshot, and in one after a while without a connection."""
    tape = Tape("ACME")
    assert told(tape.begin(snapshot(3, row(1, bust=True), row(2)))) == [1, -1, 2]
    assert told(tape.go_on(update(4, 3, row(2, bust=True)))) == [-2]
    assert told(tape.go_on(update(6, 4, row(3), row(4)))) == [3, 4]
    later = snapshot(10, row(1, bust=True), row(2, bust=True), row(3, bust=True), row(4), row(5, bust=True), row(6))
    assert tape.missing(later) == (0, 0)
    assert told(tape.begin(later)) == [-3, 5, -5, 6]


def test_what_a_snapshot_does_not_show_is_counted() -> None:
    """Prints from the numbers of trades, busts from the number of lines."""
    tape = Tape("ACME")
    tape.begin(snapshot(5, row(4), row(5)))
    assert tape.missing(snapshot(9, row(8), row(9))) == (2, 0)
    assert tape.missing(snapshot(8, row(5), row(6), row(7))) == (0, 1)
    assert tape.missing(snapshot(9, row(5, bust=True), row(6), row(7))) == (0, 1)
    assert tape.missing(snapshot(3)) == (0, 0)


@pytest.mark.parametrize("seed", range(20))
def test_it_is_the_tape_that_was_printed(seed: int) -> None:
    """Whatever part of it comes as updates, twice or as snapshots: each line once, in an order that could have been."""
    choose = random.Random(seed)  # noqa: S311 - the seed is the test's name
    lines: list[int] = []
    undone: set[int] = set()
    tape = Tape("ACME")
    read = told(tape.begin(snapshot(0)))
    last = 0
    for _ in range(60):
        before = len(lines)
        for _ in range(choose.randint(1, 3)):
            live = sorted({line for line in lines if line > 0} - undone)
            if live and choose.random() < 0.3:
                undone.add(victim := choose.choice(live))
                lines.append(-victim)
            else:
                lines.append(1 + sum(line > 0 for line in lines))
        if choose.random() < 0.5:
            rows = [row(abs(line), bust=line < 0) for line in lines[last:]]
            read += told(tape.go_on(update(len(lines), before, *rows)))
        else:
            rows = [row(line, bust=line in undone) for line in lines if line > 0]
            assert tape.missing(snapshot(len(lines), *rows)) == (0, 0)
            read += told(tape.begin(snapshot(len(lines), *rows)))
        last = choose.choice([len(lines), max(len(lines) - 1, 0)])
        assert sorted(read) == sorted(lines)
    assert all(read.index(-line) < place for place, line in enumerate(read) if line < 0)


@pytest.fixture
async def exchange() -> AsyncIterator[ExchangeDouble]:
    async with ExchangeDouble() as double:
        yield double


async def test_a_bust_while_the_connection_was_away_is_told(exchange: ExchangeDouble) -> None:
    """The snapshot after the reconnect marks it, and its reader gets it like any other."""
    snapshots = iter([snapshot(2, row(1), row(2)), snapshot(4, row(1, bust=True), row(2), row(3))])
    exchange.snapshots["trades"] = lambda: [next(snapshots)]
    async with client_of(exchange) as client, aclosing(client.trades("ACME")) as tape:
        assert told(await take(tape, 2)) == [1, 2]
        exchange.drop()
        assert told(await take(tape, 2)) == [-1, 3]


async def test_the_last_print_cannot_be_missed_behind_a_bust(exchange: ExchangeDouble) -> None:
    """A heartbeat names the last line; the last trade's number alone would be less than what was read."""
    snapshots = iter([snapshot(2, row(1)), snapshot(4, row(1, bust=True), row(2))])
    exchange.snapshots["trades"] = lambda: [next(snapshots)]
    numbers = {"trade_id": 2, "trade_seq": 4}
    beat = {"channel": "heartbeat", "type": "update", "seq": 2, "prev": 1, "symbols": {"ACME": numbers}}
    async with client_of(exchange) as client, aclosing(client.trades("ACME")) as tape:
        await take(tape, 1)
        await exchange.send(update(3, 2, row(1, bust=True)))
        assert told(await take(tape, 1)) == [-1]
        await exchange.send(beat)
        assert told(await take(tape, 1)) == [2]


def feed_of(*longer: Any, limit: int = 100) -> TapeFeed:
    answers = list(longer)

    async def fetch() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return TapeFeed("ACME", fetch, limit)


async def test_a_hole_is_filled_from_the_longer_list() -> None:
    """What came while the list was fetched follows it, each line once."""
    feed = feed_of(ConnectionLost("not yet"), snapshot(6, *[row(number) for number in range(1, 7)]))
    feed.put(snapshot(1, row(1)))
    assert told([await feed.next()]) == [1]
    feed.put(snapshot(5, row(5)))
    feed.put(update(6, 5, row(6)))
    feed.put(update(7, 6, row(7)))
    assert told([await feed.next() for _ in range(6)]) == [2, 3, 4, 5, 6, 7]


async def test_a_hole_that_stays_ends_the_tape() -> None:
    """The reader learns how much is gone, after what was read before it."""
    feed = feed_of(snapshot(9, row(6), row(7, bust=True)))
    feed.put(snapshot(2, row(1), row(2)))
    feed.put(snapshot(9, row(7, bust=True)))
    assert told([await feed.next(), await feed.next()]) == [1, 2]
    with pytest.raises(TradesMissed, match="3 prints and 1 busts") as missed:
        await feed.next()
    assert (missed.value.trades, missed.value.busts, missed.value.code) == (3, 1, "trades_missed")


async def test_a_reader_that_does_not_read_ends_the_tape() -> None:
    """Nothing is left out in silence: what is kept can be read, and then the reason."""
    feed = feed_of(limit=2)
    feed.put(snapshot(0))
    for number in (1, 2, 3):
        feed.put(update(number, number - 1, row(number)))
    feed.put(update(4, 3, row(4)))
    assert told([await feed.next() for _ in range(3)]) == [1, 2, 3]
    with pytest.raises(TooSlow):
        await asyncio.wait_for(feed.next(), 5)
