"""docs/rules.md, "Trading day": phases, calls and the uncross, over the public API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.rulebook.floor import MakeFloor
from tests.rulebook.line import Number, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.rulebook.floor import Floor


Offer = tuple[int, Number | None]


def later(seconds: float) -> str:
    """A time so many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


async def call(floor: MakeFloor, bids: Iterable[Offer], asks: Iterable[Offer], **listing: Any) -> Floor:
    """An opening call with these orders: (quantity, price), price None for a market order."""
    f = await floor(**listing)
    await f.phase("auction", kind="opening")
    for side, rows in (("b", bids), ("s", asks)):
        for number, (quantity, price) in enumerate(rows, 1):
            terms = {"type": "market"} if price is None else {}
            await f.place(f"{side}{number}", "buy" if side == "b" else "sell", quantity, price, **terms)
    return f


@pytest.mark.parametrize(
    ("bids", "asks", "reference", "indication"),
    [
        ([(400, 202), (200, 201)], [(300, 199), (200, 198)], None, "500@201 surplus 100 buy"),
        ([(300, 202), (200, 201)], [(400, 199), (200, 198)], None, "500@199 surplus 100 sell"),
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], "200", "500@201"),
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], "205", "500@201"),
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], "198", "500@199"),
        ([(300, 202), (200, 201)], [(300, 199), (200, 198)], None, "500@201"),
        ([(300, 203), (200, 203)], [(300, 199), (200, 198)], "200", "500@199"),
        ([(100, None)], [(100, None)], "200", "100@200"),
        ([(100, None)], [(100, None)], None, "0@-"),
        ([(100, None)], [(60, 200)], None, "60@200 surplus 40 buy"),
        ([(100, 199)], [(100, 200)], "200", "0@-"),
        ([(100, 202), (50, 201)], [(120, 200)], None, "120@201 surplus 30 buy"),
    ],
)
async def test_the_uncross_price(
    floor: MakeFloor,
    bids: list[tuple[int, int | None]],
    asks: list[tuple[int, int | None]],
    reference: str | None,
    indication: str,
) -> None:
    """The worked examples and their neighbours: most volume, least surplus, the surplus's side, the reference price."""
    listing = {} if reference is None else {"reference_price": reference}
    f = await call(floor, bids, asks, **listing)
    if indication == "0@-":
        status = await f.status()
        assert status["indicative_price"] is None
        assert plain(status["paired_quantity"]) in {"0", "-"}
        await f.phase("continuous")
        assert await f.tape() == []
        return
    assert await f.indication() == indication
    await f.phase("continuous")
    quantity, _, price = indication.split(maxsplit=1)[0].partition("@")
    trades = await f.trades()
    assert {plain(trade["price"]) for trade in trades} == {price}
    assert sum(int(trade["quantity"]) for trade in trades) == int(quantity)
    assert {trade["side"] for trade in trades} == {"cross"}


async def test_pairs_and_their_order(floor: MakeFloor) -> None:
    """Each side market first, then price, then time; first with first; at most one order is filled in part."""
    f = await call(floor, [(5, 101), (7, None), (4, 102)], [(6, 100), (3, None), (9, 101)])
    assert await f.indication() == "16@101 surplus 2 sell"
    await f.phase("continuous")
    assert await f.tape() == ["3@101 b2 s2", "4@101 b2 s1", "2@101 b3 s1", "2@101 b3 s3", "5@101 b1 s3"]
    assert (await f.book())["asks"] == ["2@101"]


async def test_market_orders_left_expire(floor: MakeFloor) -> None:
    """Market orders rest in the call ahead of every limit, unseen, and what is left expires (`auction_ended`)."""
    f = await call(floor, [(10, None), (5, 101)], [(8, 101)])
    assert (await f.book())["bids"] == ["5@101"]
    assert await f.state("b1") == "open"
    await f.phase("continuous")
    assert await f.tape() == ["8@101 b1 s1"]
    assert await f.state("b1") == "expired auction_ended"
    assert await f.state("b2") == "open"


async def test_icebergs_count_in_full(floor: MakeFloor) -> None:
    """In an uncross an iceberg counts in full at its time; then it shows min(display, open) and keeps its time."""
    f = await floor()
    await f.phase("auction", kind="opening")
    await f.sell("i", 30, 100, display_quantity=10)
    await f.sell("s2", 10, 100)
    await f.buy("b", 25, 100)
    assert (await f.book())["asks"] == ["20@100"]
    await f.phase("continuous")
    assert await f.tape() == ["25@100 b i"]
    assert (await f.book())["asks"] == ["15@100"]
    await f.buy("c", 6, 100)
    assert (await f.tape())[1:] == ["5@100 c i", "1@100 c s2"]


async def test_self_trade_prevention_is_off_in_an_uncross(floor: MakeFloor) -> None:
    """Both reports carry `self_match`."""
    f = await floor()
    await f.phase("auction", kind="opening")
    await f.buy("b", 5, 100, account="anna")
    await f.sell("s", 5, 100, account="anna")
    await f.phase("continuous")
    assert await f.tape() == ["5@100 b s"]
    for name in ("b", "s"):
        await f.until_reported(name, "trade")
        told = [report for report in await f.raw_reports(name) if report["exec"] == "trade"]
        assert told[0]["self_match"] is True
        assert told[0]["liquidity"] == "cross"


PLACEMENTS: dict[str, dict[str, Any]] = {
    "limit": {"price": 100},
    "market": {"type": "market"},
    "post_only": {"price": 100, "post_only": True},
    "stop": {"type": "stop", "stop_price": 120},
    "at_open": {"price": 100, "tif": "at_open"},
    "at_close": {"price": 100, "tif": "at_close"},
    "ioc": {"price": 100, "tif": "ioc"},
    "fok": {"price": 100, "tif": "fok"},
}
TABLE = [
    ("closed", {}, dict.fromkeys(PLACEMENTS, "wrong_phase")),
    ("cancel_only", {}, dict.fromkeys(PLACEMENTS, "wrong_phase")),
    ("halted", {}, dict.fromkeys(PLACEMENTS, "wrong_phase")),
    ("pre_open", {}, {"ioc": "not_allowed_in_phase", "fok": "not_allowed_in_phase"}),
    ("auction", {"kind": "opening"}, {"ioc": "not_allowed_in_phase", "fok": "not_allowed_in_phase"}),
    (
        "auction",
        {"kind": "closing"},
        {"ioc": "not_allowed_in_phase", "fok": "not_allowed_in_phase", "at_open": "not_allowed_in_phase"},
    ),
    ("continuous", {}, {"at_open": "not_allowed_in_phase"}),
]


@pytest.mark.parametrize(
    ("phase", "members", "refusals"), TABLE, ids=[f"{row[0]}-{row[1].get('kind')}" for row in TABLE]
)
async def test_what_each_phase_takes(
    floor: MakeFloor, phase: str, members: dict[str, Any], refusals: dict[str, str]
) -> None:
    """The table of phases; cancel works in all of them, amend where orders may be placed."""
    f = await floor()
    await f.buy("resting", 5, 90)
    if phase == "pre_open":
        await f.phase("closed")
    if phase != "continuous":
        await f.phase(phase, **members)
    for name, placement in PLACEMENTS.items():
        terms = dict(placement)
        code = await f.refused(name, "buy", 1, terms.pop("price", None), **terms)
        assert code == refusals.get(name, "accepted"), name
    amended = await f.amend_refused("resting", quantity=4)
    assert amended == ("wrong_phase" if phase in {"closed", "cancel_only", "halted"} else "accepted")
    assert await f.cancel_refused("resting") == "canceled"


async def test_entering_continuous_uncrosses(floor: MakeFloor) -> None:
    """From any phase: pre_open too."""
    f = await floor()
    await f.phase("closed")
    await f.phase("pre_open")
    await f.buy("b", 5, 101)
    await f.sell("s", 3, 99)
    assert (await f.book()) == {"bids": ["5@101"], "asks": ["3@99"]}
    await f.phase("continuous")
    assert len(await f.tape()) == 1
    assert (await f.book()) == {"bids": ["2@101"], "asks": []}


@pytest.mark.parametrize(("phase", "trades"), [("closed", 1), ("halted", 0), ("cancel_only", 0), ("pre_open", 0)])
async def test_leaving_a_call(floor: MakeFloor, phase: str, trades: int) -> None:
    """Leaving it for closed uncrosses; for halted, cancel_only and pre_open it does not, and orders stay."""
    f = await call(floor, [(5, 101)], [(5, 101)])
    await f.phase(phase)
    assert len(await f.trades()) == trades
    assert await f.state("b1") == ("filled" if trades else "open")


async def test_day_orders_end_on_closed(floor: MakeFloor) -> None:
    """DAY orders expire when their instrument enters closed; GTC keeps its place."""
    f = await floor()
    await f.buy("day", 5, 90, tif="day")
    await f.buy("gtc", 5, 90)
    await f.phase("closed")
    assert await f.states("day", "gtc") == ["expired day_ended", "open"]


async def test_at_open(floor: MakeFloor) -> None:
    """Takes part in the opening call; left ones expire on entering continuous (`auction_ended`)."""
    f = await floor()
    await f.phase("closed")
    await f.phase("pre_open")
    await f.buy("b", 5, 101, tif="at_open")
    await f.phase("auction")
    assert (await f.status())["kind"] == "opening"
    await f.sell("s", 3, 100, tif="at_open")
    await f.phase("continuous")
    assert len(await f.tape()) == 1
    assert await f.states("b", "s") == ["expired auction_ended", "filled"]


async def test_at_close_waits_unseen(floor: MakeFloor) -> None:
    """In continuous trading it waits for the closing call, in no book; left ones expire after it."""
    f = await floor()
    answer = await f.buy("close", 5, 101, tif="at_close")
    assert answer["status"] == "open"
    assert (await f.book())["bids"] == []
    await f.sell("s", 2, 101)
    assert await f.tape() == []
    await f.phase("auction")
    assert (await f.status())["kind"] == "closing"
    assert await f.indication() == "2@101 surplus 3 buy"
    await f.phase("closed")
    assert await f.tape() == ["2@101 close s"]
    assert await f.state("close") == "expired auction_ended"


async def test_at_close_whose_call_never_came(floor: MakeFloor) -> None:
    """They expire on closed (`day_ended`)."""
    f = await floor()
    await f.buy("close", 5, 101, tif="at_close")
    await f.phase("closed")
    assert await f.state("close") == "expired day_ended"


async def test_timed_calls_end_by_themselves(floor: MakeFloor) -> None:
    """A timed closing call ends in closed, all others in continuous; the end time is published."""
    f = await floor()
    status = await f.phase("auction", kind="operator", until=later(1.5))
    assert (await f.status())["until"] is not None, status
    await f.buy("b", 5, 100)
    await f.sell("s", 5, 100)
    await f.until_phase("continuous")
    assert await f.tape() == ["5@100 b s"]
    await f.phase("auction", kind="closing", until=later(1.5))
    await f.until_phase("closed")


async def test_random_end(floor: MakeFloor) -> None:
    """The end may be put off by up to the configured time; it still ends."""
    f = await floor(call_random_seconds=2)
    began = datetime.now(UTC)
    await f.phase("auction", kind="operator", until=later(1.5))
    await f.until_phase("continuous")
    took = (datetime.now(UTC) - began).total_seconds()
    assert 1.4 < took < 8


async def test_a_call_is_extended_outside_the_static_band(floor: MakeFloor) -> None:
    """At a timed end outside the static band it goes on by its own length, so many times; then it ends."""
    f = await floor(reference_price="100", static_band_bps="500", call_extensions=1, call_seconds=1)
    await f.phase("auction", kind="opening", until=later(1.5))
    first = (await f.status())["until"]
    await f.buy("b", 5, 110)
    await f.sell("s", 5, 110)
    await f.until(lambda status: status["until"] not in {first, None} or status["phase"] != "auction")
    assert (await f.status())["phase"] == "auction"
    await f.until_phase("continuous")
    assert await f.tape() == ["5@110 b s"]


async def test_an_operator_uncrosses_at_once(floor: MakeFloor) -> None:
    """Outside the static band too."""
    f = await floor(reference_price="100", static_band_bps="500", call_extensions=3)
    await f.phase("auction", kind="opening", until=later(60))
    await f.buy("b", 5, 110)
    await f.sell("s", 5, 110)
    await f.phase("continuous")
    assert await f.tape() == ["5@110 b s"]


@pytest.mark.parametrize(
    ("before", "kind"),
    [("closed", "opening"), ("pre_open", "opening"), ("continuous", "closing"), ("cancel_only", "reopening")],
)
async def test_the_kind_that_nobody_names(floor: MakeFloor, before: str, kind: str) -> None:
    """Opening from closed or pre_open, closing from continuous, else reopening."""
    f = await floor()
    if before == "pre_open":
        await f.phase("closed")
    if before != "continuous":
        await f.phase(before)
    await f.phase("auction")
    assert (await f.status())["kind"] == kind


async def test_a_halt_is_a_flag(floor: MakeFloor) -> None:
    """Nothing is matched until a command with `lift`; the phase underneath goes on."""
    f = await floor()
    await f.buy("b", 5, 100)
    await f.phase("halted", reason="news")
    status = await f.status()
    assert (status["phase"], status["reason"]) == ("halted", "news")
    assert await f.refused("s", "sell", 5, 100) == "wrong_phase"
    await f.phase("auction", kind="reopening", lift=True)
    await f.sell("s", 5, 100)
    assert (await f.status())["phase"] == "auction"
    await f.phase("continuous")
    assert await f.tape() == ["5@100 b s"]


async def test_closing_a_halted_instrument_leaves_it_halted(floor: MakeFloor) -> None:
    """Without `lift` a command changes the phase underneath only."""
    f = await floor()
    await f.phase("halted")
    await f.phase("closed")
    assert (await f.status())["phase"] == "halted"
    await f.phase("continuous", lift=True)
    assert (await f.status())["phase"] == "continuous"


async def test_amend_in_a_call_is_not_checked_for_crossing(floor: MakeFloor) -> None:
    """A post-only order may be amended across in a call and takes part in the uncross like any limit."""
    f = await floor()
    await f.buy("b", 5, 99, post_only=True)
    await f.phase("auction", kind="operator")
    await f.sell("s", 5, 100)
    await f.amend("b", price=100)
    await f.phase("continuous")
    assert await f.tape() == ["5@100 b s"]


@pytest.mark.parametrize(
    ("tick", "reference", "price"),
    [("0.05", "100.03", "100.05"), ("0.05", "100.02", "100"), ("0.05", "100.025", "100.05"), ("2", "0.5", "2")],
)
async def test_market_orders_alone_meet_on_the_tick(floor: MakeFloor, tick: str, reference: str, price: str) -> None:
    """A reference price is the nearest price that an order could have, the higher of two as near, never nothing."""
    f = await call(floor, [(100, None)], [(100, None)], tick_size=tick, lot_size="100", reference_price=reference)
    assert await f.indication() == f"100@{price}"
    await f.phase("continuous")
    assert await f.tape() == [f"100@{price} b1 s1"]


async def test_a_coarser_tick_moves_the_last_price_as_a_reference(floor: MakeFloor) -> None:
    """What has traded at 100.03 refers to 100.05 once the tick is 0.05."""
    f = await floor(tick_size="0.01", lot_size="100")
    await f.sell("s1", 100, "100.03")
    await f.buy("b1", 100, "100.03")
    await f.relist(tick_size="0.05", lot_size="100")
    await f.phase("auction")
    await f.place("b2", "buy", 100, type="market")
    await f.place("s2", "sell", 100, type="market")
    assert await f.indication() == "100@100.05"
    await f.phase("continuous")
    assert (await f.tape())[1:] == ["100@100.05 b2 s2"]


async def test_an_at_close_order_in_the_book_stays_in_it(floor: MakeFloor) -> None:
    """The closing call is halted and lifted into a reopening: amended, the order stands last and takes part."""
    f = await floor()
    await f.buy("close", 7, 95, tif="at_close")
    await f.phase("auction", kind="closing")
    await f.phase("halted")
    await f.phase("auction", kind="reopening", lift=True)
    await f.buy("b1", 5, 95)
    assert (await f.book())["bids"] == ["12@95"]
    await f.amend("close", quantity=25)
    assert (await f.book())["bids"] == ["30@95"]
    await f.sell("s1", 20, 95)
    await f.phase("closed")
    assert await f.tape() == ["5@95 b1 s1", "15@95 close s1"]
    assert await f.state("close") == "expired auction_ended"
