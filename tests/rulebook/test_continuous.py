"""docs/rules.md, "Continuous trading": its sentences as worked cases over the public API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.rulebook.floor import MakeFloor

if TYPE_CHECKING:
    pass


async def test_price_then_display_then_time(floor: MakeFloor) -> None:
    """Rule 1, the worked example."""
    f = await floor()
    await f.sell("s1", 5, 101)
    await f.sell("s2", 7, 101)
    await f.sell("s3", 4, 100)
    answer = await f.buy("b", 10, 101)
    assert await f.tape() == ["4@100 b s3", "5@101 b s1", "1@101 b s2"]
    assert [fill["price"] for fill in answer["fills"]] == ["100", "101", "101"]
    assert (await f.book())["asks"] == ["6@101"]
    await f.sell("s4", 1, 101)
    await f.buy("c", 7, 101)
    assert (await f.tape())[3:] == ["6@101 c s2", "1@101 c s4"]


async def test_market_takes_what_is_there(floor: MakeFloor) -> None:
    """Rule 2: the rest of a market order expires."""
    f = await floor()
    await f.sell("s1", 3, 100)
    await f.sell("s2", 3, 105)
    answer = await f.buy("b", 10, type="market")
    assert (answer["status"], answer["reason"]) == ("expired", "no_liquidity")
    assert await f.tape() == ["3@100 b s1", "3@105 b s2"]
    assert await f.state("b") == "expired no_liquidity"
    empty = await f.buy("c", 1, type="market")
    assert (empty["status"], empty["filled_quantity"]) == ("expired", "0")


async def test_ioc_and_fok(floor: MakeFloor) -> None:
    """Rule 3: IOC keeps what it got; FOK is all or nothing; hidden reserve counts."""
    f = await floor()
    await f.sell("i", 30, 100, display_quantity=10)
    await f.sell("s2", 5, 101)
    ioc = await f.buy("b1", 40, 100, tif="ioc")
    assert (ioc["status"], ioc["reason"], ioc["filled_quantity"]) == ("expired", "no_liquidity", "30")
    fok = await f.buy("b2", 6, 101, tif="fok")
    assert (fok["status"], fok["filled_quantity"]) == ("expired", "0")
    assert (await f.buy("b3", 5, 101, tif="fok"))["status"] == "filled"


@pytest.mark.parametrize(
    ("mode", "status", "own"),
    [
        ("cancel_newest", "expired", "open"),
        ("cancel_both", "expired", "open"),
        ("cancel_oldest", "filled", "canceled self_trade"),
        ("decrement", "expired", "open"),
    ],
)
async def test_fok_behind_an_own_order(floor: MakeFloor, mode: str, status: str, own: str) -> None:
    """Rule 3: what an own order on the way does to a FOK depends on its self-trade mode."""
    f = await floor()
    await f.sell("own", 2, 100, account="anna")
    await f.sell("s2", 5, 101)
    assert (await f.buy("b", 5, 101, tif="fok", account="anna", self_trade=mode))["status"] == status
    assert await f.state("own") == own


async def test_fok_with_cancel_oldest_that_fails_touches_nothing(floor: MakeFloor) -> None:
    """Rule 3: own orders on the way are untouched if it does not succeed."""
    f = await floor()
    await f.sell("own", 2, 100, account="anna")
    await f.sell("s2", 5, 101)
    assert (await f.buy("b", 6, 101, tif="fok", account="anna", self_trade="cancel_oldest"))["status"] == "expired"
    assert await f.states("own", "s2") == ["open", "open"]


async def test_post_only(floor: MakeFloor) -> None:
    """Rule 4: refused if it would take anything, the account's own included; also by an amend."""
    f = await floor()
    await f.sell("s1", 5, 101, account="anna")
    assert await f.refused("b1", "buy", 1, 101, post_only=True) == "would_take"
    assert await f.refused("b2", "buy", 1, 101, post_only=True, account="anna") == "would_take"
    await f.buy("b3", 1, 100, post_only=True)
    assert await f.amend_refused("b3", price=101) == "would_take"
    assert (await f.order("b3"))["price"] == "100"


async def test_iceberg(floor: MakeFloor) -> None:
    """Rule 5, the worked example: the next part goes behind, and the same order may go on into it."""
    f = await floor()
    await f.sell("i", 30, 100, display_quantity=10)
    await f.sell("s2", 5, 100)
    assert (await f.book())["asks"] == ["15@100"]
    await f.buy("b", 12, 100)
    assert await f.tape() == ["10@100 b i", "2@100 b s2"]
    assert (await f.book())["asks"] == ["13@100"]
    await f.buy("c", 15, 100)
    assert (await f.tape())[2:] == ["3@100 c s2", "10@100 c i", "2@100 c i"]


async def test_iceberg_arrives_with_its_whole_quantity(floor: MakeFloor) -> None:
    """Rule 5: an arriving one takes with everything, then shows min(display, rest)."""
    f = await floor()
    await f.sell("s1", 25, 100)
    await f.buy("i", 30, 100, display_quantity=10)
    assert await f.tape() == ["25@100 i s1"]
    assert (await f.book())["bids"] == ["5@100"]


async def test_amend_keeps_or_loses_its_place(floor: MakeFloor) -> None:
    """Rule 7: quantity down keeps the place, quantity up and price lose it."""
    f = await floor()
    for name in ("s1", "s2", "s3"):
        await f.sell(name, 5, 100)
    await f.amend("s1", quantity=4)
    await f.amend("s2", quantity=6)
    await f.buy("b", 15, 100)
    assert await f.tape() == ["4@100 b s1", "5@100 b s3", "6@100 b s2"]


async def test_amend_display(floor: MakeFloor) -> None:
    """Rule 7: display down keeps the place, display up loses it; set to the quantity makes it plain."""
    f = await floor()
    await f.sell("i", 30, 100, display_quantity=10)
    await f.sell("s2", 5, 100)
    await f.amend("i", display_quantity=5)
    assert (await f.book())["asks"] == ["10@100"]
    await f.buy("b", 5, 100)
    assert await f.tape() == ["5@100 b i"]
    await f.amend("i", display_quantity=25)
    assert (await f.book())["asks"] == ["30@100"]


async def test_amend_refusals(floor: MakeFloor) -> None:
    """Rule 7: no_change, quantity_below_filled; a total equal to what is filled is filled."""
    f = await floor()
    await f.sell("s1", 10, 100)
    await f.buy("b", 4, 100)
    assert await f.amend_refused("s1", price=100) == "no_change"
    assert await f.amend_refused("s1", quantity=3) == "quantity_below_filled"
    assert (await f.amend("s1", quantity=4))["status"] == "filled"
    assert await f.amend_refused("s1", quantity=5) == "order_done"


async def test_amend_that_crosses_takes_at_once(floor: MakeFloor) -> None:
    """Rule 7: a new price that crosses trades, at the resting price."""
    f = await floor()
    await f.sell("s1", 5, 101)
    await f.buy("b", 3, 99)
    await f.amend("b", price=102)
    assert await f.tape() == ["3@101 b s1"]


@pytest.mark.parametrize(
    ("mode", "tape", "states"),
    [
        ("cancel_newest", ["3@100 b o1"], ["filled", "open", "open", "canceled self_trade"]),
        (
            "cancel_oldest",
            ["3@100 b o1", "4@101 b o3"],
            ["filled", "canceled self_trade", "filled", "partially_filled"],
        ),
        ("cancel_both", ["3@100 b o1"], ["filled", "canceled self_trade", "open", "canceled self_trade"]),
        ("decrement", ["3@100 b o1", "2@101 b o3"], ["filled", "canceled self_trade", "partially_filled", "filled"]),
    ],
)
async def test_self_trade(floor: MakeFloor, mode: str, tape: list[str], states: list[str]) -> None:
    """Rule 8, the worked example."""
    f = await floor()
    await f.sell("o1", 3, 100)
    await f.sell("o2", 5, 100, account="anna")
    await f.sell("o3", 4, 101)
    await f.buy("b", 10, 101, account="anna", self_trade=mode)
    assert await f.tape() == tape
    assert [(await f.state(name)) for name in ("o1", "o2", "o3")] == states[:3]
    if mode != "decrement":
        assert await f.state("b") == states[3]
    if mode == "cancel_oldest":
        assert await f.open("b") == "3"


async def test_decrement_of_the_larger_resting_order(floor: MakeFloor) -> None:
    """Rule 8: the smaller open quantity comes off both, reserve first; the survivor is reported amended."""
    f = await floor()
    await f.sell("i", 30, 100, display_quantity=10, account="anna")
    answer = await f.buy("b", 12, 100, account="anna", self_trade="decrement")
    assert (answer["status"], answer["reason"]) == ("canceled", "self_trade")
    order = await f.order("i")
    assert (order["open_quantity"], order["quantity"]) == ("18", "30")
    assert (await f.book())["asks"] == ["10@100"]
    assert "amended self_trade" in await f.until_reported("i", "amended")


async def test_gtd_expires_in_journal_time(floor: MakeFloor) -> None:
    """Rule 9: GTD ends when journal time reaches `expires`, without anybody trading."""
    from datetime import UTC, datetime, timedelta

    f = await floor()
    soon = (datetime.now(UTC) + timedelta(seconds=1.5)).isoformat().replace("+00:00", "Z")
    await f.sell("s1", 5, 100, tif="gtd", expires=soon)
    assert await f.until_reported("s1", "expired") == ["accepted", "expired expired"]
    assert await f.state("s1") == "expired expired"
    late = "2020-01-01T00:00:00Z"
    assert await f.refused("s2", "sell", 1, 100, tif="gtd", expires=late) == "bad_expires"


async def test_a_dead_order_never_comes_back(floor: MakeFloor) -> None:
    """Rule 10."""
    f = await floor()
    await f.sell("s1", 5, 100)
    await f.cancel("s1")
    assert await f.cancel_refused("s1") == "order_done"
    assert await f.amend_refused("s1", quantity=4) == "order_done"


@pytest.mark.parametrize(
    "terms",
    [
        {"price": 100, "type": "market"},
        {"type": "market", "post_only": True},
        {"type": "market", "display_quantity": 2},
        {"price": 100, "tif": "ioc", "post_only": True},
        {"price": 100, "tif": "fok", "display_quantity": 2},
        {"price": 100, "type": "stop", "stop_price": 101},
        {"type": "stop"},
        {"type": "stop_limit", "price": 100},
        {"price": 100, "expires": "2040-01-01T00:00:00Z"},
        {"price": 100, "tif": "gtd"},
        {"type": "stop", "stop_price": 101, "tif": "at_open"},
        {"type": "stop_limit", "stop_price": 101, "price": 101, "tif": "at_close"},
        {"price": 100, "stop_price": 101},
        {},
    ],
)
async def test_what_does_not_fit_together(floor: MakeFloor, terms: dict[str, Any]) -> None:
    """Rule 12: bad_request."""
    f = await floor()
    terms = dict(terms)
    assert await f.refused("x", "buy", 5, terms.pop("price", None), **terms) == "bad_request"


async def test_display(floor: MakeFloor) -> None:
    """Rules 11 and 12: at most the quantity (equal is plain), at least 1 % of it."""
    f = await floor()
    assert await f.refused("a", "sell", 10, 100, display_quantity=11) == "display_too_large"
    assert await f.refused("b", "sell", 1000, 100, display_quantity=9) == "display_too_small"
    await f.sell("c", 1000, 100, display_quantity=10)
    plain = await f.sell("d", 10, 100, display_quantity=10)
    assert plain["display_quantity"] in {None, "10"}
    assert (await f.book())["asks"] == ["20@100"]


async def test_repeats(floor: MakeFloor) -> None:
    """A client order id again: the order as it is now, even filled; another body is refused; a refused one is free."""
    f = await floor()
    line = await f.doors.line(f.account("anna"))
    body = {
        "symbol": f.symbol,
        "side": "sell",
        "type": "limit",
        "quantity": "5",
        "price": "100",
        "client_order_id": "x",
    }
    first = await line.ask("order.place", **body)
    await f.buy("b", 5, 100)
    again = await line.ask("order.place", **{**body, "price": 100, "quantity": "5.0"})
    assert (again["order_id"], again["status"]) == (first["order_id"], "filled")
    assert len(await f.trades()) == 1
    assert await f.refused("c", "sell", 6, 100, account="anna", client_order_id="x") == "client_order_id_reused"
    assert await f.refused("d", "sell", "0.5", 100, account="anna", client_order_id="y") == "quantity_off_lot"
    assert await f.refused("e", "sell", 5, 100, account="anna", client_order_id="y") == "accepted"


async def test_an_amend_that_leaves_nothing_takes_nothing(floor: MakeFloor) -> None:
    """A post-only bid of which 6 have traded, amended to 6 at a price that crosses, is filled; to 7 it would take."""
    f = await floor()
    await f.buy("b1", 10, 100, post_only=True)
    await f.sell("s1", 6, 100)
    await f.sell("s2", 5, 102)
    assert await f.amend_refused("b1", quantity=7, price=103) == "would_take"
    assert (await f.amend("b1", quantity=6, price=103))["status"] == "filled"
    assert await f.book() == {"bids": [], "asks": ["5@102"]}


async def test_a_value_has_no_bound_but_a_named_one(floor: MakeFloor) -> None:
    """Tick 25, lot 100: 10,000,000 at 10,000 is an ordinary block; money is exact however much it is."""
    f = await floor(tick_size="25", lot_size="100", taker_bps="100")
    for number in range(3):
        await f.sell(f"s{number}", 10_000_000, 10_000, account="anna")
        await f.buy(f"b{number}", 10_000_000, 10_000, account="boris")
    assert await f.cash("anna") == "300000000000"
    assert await f.cash("boris") == "-303000000000"
    await f.relist(tick_size="25", lot_size="100", max_value="90000000000")
    assert await f.refused("b9", "buy", 10_000_000, 10_000) == "value_too_large"
    assert await f.refused("b8", "buy", 9_000_000, 10_000) == "accepted"
