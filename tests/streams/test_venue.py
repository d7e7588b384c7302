"""streams/venue.py: what a gateway gets of the streams."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exchange.terms import BUY
from streams import subjects, topology
from streams.broker.reader import state_of
from streams.errors import Busy, OutcomeUnknown, Unavailable
from streams.venue import QUERY_RETRY_INTERVAL, QUERY_TIMEOUT
from streams.wire import codec
from tests.support.exchange import ask, buy, listing, open_venue, order, running_worker, sell
from tests.support.nats import until, wire_to
from tests.support.virtual import Stage

if TYPE_CHECKING:
    from streams.broker.connection import Connection
    from streams.settings import StreamSettings


async def test_orders_come_back_as_outcomes(settings: StreamSettings) -> None:
    """A listing, a resting order and a fill: each future gets its own answer and place in the journal."""
    async with running_worker(settings), open_venue(settings) as venue:
        listed = await venue.submit(1, listing("ACME"))
        assert (listed.code, listed.partition, listed.sequence, listed.index) == ("", 1, 2, 0)
        outcomes = await asyncio.gather(
            venue.submit(1, buy("anna", "ACME", 5, 100, "a1", sent_at=venue.now())),
            venue.submit(1, sell("boris", "ACME", 2, 100, "b1", sent_at=venue.now())),
            venue.submit(1, sell("boris", "NONE", 2, 100, "b2")),
        )
        assert [(o.code, o.sequence, o.index) for o in outcomes] == [
            ("", 3, 0),
            ("", 3, 1),
            ("unknown_instrument", 3, 2),
        ]
        bought, sold = (json.loads(outcome.body) for outcome in outcomes[:2])
        assert (bought["status"], sold["status"], sold["average_price"]) == ("open", "filled", "1.00")
        book = await ask(venue, 1, "book", symbol="ACME")
        assert (book["bids"], book["asks"], book["journal"]) == ([["1.00", "3"]], [], "3.2")


async def test_what_is_followed_is_heard_in_order(settings: StreamSettings) -> None:
    """Public frames by symbol and channel, listings of all symbols, reports by account."""
    async with running_worker(settings), open_venue(settings) as venue:
        listings, books, reports = [], [], []
        await venue.follow_instruments(lambda frame: listings.append(json.loads(frame)))
        await venue.follow("ACME", "book", lambda frame: books.append(json.loads(frame)))
        await venue.follow_reports("anna", lambda data: reports.append(codec.decode_reports(data)))
        await venue.submit(0, listing("ACME"))
        await venue.submit(0, listing("OTHER"))
        for number in range(5):
            await venue.submit(0, buy("anna", "ACME", 1, 100 + number, f"a{number}"))
        await venue.submit(0, buy("anna", "OTHER", 1, 100, "o"))
        await until(lambda: len(reports) == 6)
        assert [frame["symbol"] for frame in listings] == ["ACME", "OTHER"]
        assert [(frame["seq"], frame["prev"]) for frame in books] == [(n, n - 1) for n in range(1, 6)]
        assert [seq for message in reports for seq, _ in message.reports] == [1, 2, 3, 4, 5, 6]


async def test_a_symbol_is_claimed_once_for_ever(settings: StreamSettings) -> None:
    """Whoever claims first decides; everybody else learns where it lives."""
    async with running_worker(settings), open_venue(settings) as one, open_venue(settings) as two:
        claims = await asyncio.gather(one.claim("ACME", 0), two.claim("ACME", 1))
        assert list(claims) in ([0, 0], [1, 1])
        assert await one.claim("ACME") == claims[0]
        assert await one.claim("OTHER") == await two.claim("OTHER")


def test_a_question_without_a_leader_is_unavailable() -> None:
    """The venue asks again for a while, because leaders change, and then says so; on virtual time."""
    stage = Stage()

    async def act(connection: Connection) -> float:
        await topology.ensure(connection, stage.settings)
        async with open_venue(stage.settings) as venue:
            began = stage.world.now
            with pytest.raises(Unavailable):
                await venue.query(0, "instruments")
            return stage.world.now - began

    waited: float = stage.play(act)
    assert QUERY_TIMEOUT - 2 * QUERY_RETRY_INTERVAL < waited <= QUERY_TIMEOUT


async def test_a_question_waits_for_a_leader_that_comes(settings: StreamSettings, connection: Connection) -> None:
    """An error of the question itself is an answer, with its code."""
    await topology.ensure(connection, settings)
    async with open_venue(settings) as venue:
        asking = asyncio.create_task(venue.query(0, "book", symbol="NONE"))
        async with running_worker(settings):
            answer = await asking
        assert answer.code == "unknown_instrument"


async def test_a_stored_order_that_nobody_answers_is_unknown(settings: StreamSettings, connection: Connection) -> None:
    """It is in the journal, and a leader that comes later carries it out."""
    await topology.ensure(connection, settings)
    async with open_venue(replace(settings, outcome_timeout_seconds=0.2)) as venue:
        listed = venue.submit(0, listing("ACME"))
        with pytest.raises(OutcomeUnknown):
            await listed
        async with running_worker(settings):
            assert [row["symbol"] for row in await ask(venue, 0, "instruments")] == ["ACME"]


async def test_after_a_break_the_venue_works_again_and_says_when_to_heal(settings: StreamSettings) -> None:
    """While NATS is away orders are Busy; after the reconnect they go through, and the callback has been called."""
    async with (
        running_worker(settings),
        wire_to(settings.nats_url) as wire,
        open_venue(replace(settings, nats_url=wire.url)) as venue,
    ):
        await venue.submit(0, listing("ACME"))
        healed = []
        venue.on_reconnect(lambda: healed.append(1))
        wire.cut()
        await until(lambda: not venue.connected)
        with pytest.raises(Busy):
            venue.submit(0, buy("anna", "ACME", 1, 100, "a1"))
        with pytest.raises(Unavailable):
            await venue.query(0, "instruments")
        await wire.connect()
        await until(lambda: healed)
        assert (await venue.submit(0, buy("anna", "ACME", 1, 100, "a1"))).code == ""


async def test_a_new_leader_is_heard_of(settings: StreamSettings, connection: Connection) -> None:
    """Each worker that begins to lead a partition says so."""
    await topology.ensure(connection, settings)
    async with open_venue(settings) as venue:
        led: list[int] = []
        venue.on_new_leader(led.append)
        async with running_worker(settings):
            await until(lambda: sorted(led) == [0, 1])
        async with running_worker(settings):
            await until(lambda: sorted(led) == [0, 0, 1, 1])


async def test_now_is_journal_time(settings: StreamSettings, connection: Connection) -> None:
    """The estimate is close to the time of what is stored next; a stepped wall clock on this side changes nothing."""
    async with running_worker(settings), open_venue(settings) as venue:
        outcome = await venue.submit(0, listing("ACME"))
        assert abs(venue.now() - outcome.at) < 1_000_000_000
        server = (await state_of(connection, subjects.journal_stream(0))).read_at
        assert abs(venue.now() - server) < 1_000_000_000


async def test_closing_leaves_nothing_waiting(settings: StreamSettings, connection: Connection) -> None:
    """Whoever still waits is told that the outcome is unknown."""
    await topology.ensure(connection, settings)
    async with open_venue(settings) as venue:
        outcome = venue.submit(0, order("anna", "ACME", BUY, 1, 100, "a"))
        await asyncio.sleep(0)
    with pytest.raises(OutcomeUnknown):
        await outcome
