"""docs/rules.md, "Before matching", "Kill switch", fees, positions and "Bust", over the public API."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.rulebook.floor import MakeFloor
from tests.rulebook.line import plain

if TYPE_CHECKING:
    from tests.rulebook.floor import Doors


async def test_order_of_checks(floor: MakeFloor) -> None:
    """The first failure answers: each order has two faults."""
    f = await floor(
        tick_size="0.5", lot_size="10", min_quantity="20", max_quantity="1000", min_price="50", max_price="200",
        min_value="3000", max_value="50000", reference_price="100", collar_bps="1000", max_open_orders=1,
    )  # fmt: skip
    expected = [
        ((25, "100.3"), "price_off_tick"),  # and off the lot
        ((15, "40"), "quantity_off_lot"),  # and too small, and the price too low
        ((10, "40"), "quantity_too_small"),  # and the price too low
        ((2000, "300"), "quantity_too_large"),  # and the price too high
        ((20, "40"), "price_too_low"),  # and the value too small
        ((1000, "300"), "price_too_high"),  # and the value too large
        ((20, "80"), "value_too_small"),  # and outside the collar
        ((500, "120"), "value_too_large"),  # and outside the collar
        ((100, "120"), "price_outside_collar"),
    ]
    await f.buy("first", 100, 100, account="anna")
    for number, ((quantity, price), code) in enumerate(expected):
        assert await f.refused(f"x{number}", "buy", quantity, price, account="anna") == code
    assert await f.refused("y", "buy", 100, 100, account="anna") == "too_many_open_orders"
    await f.limit("boris", max_long="50")
    assert await f.refused("z", "buy", 100, 100, account="boris") == "position_limit"
    await f.limit("boris", enabled=False)
    assert await f.refused("z", "buy", 25, "100.3", account="boris") == "account_disabled"
    await f.kill(account="boris")
    assert await f.refused("z", "buy", 25, "100.3", account="boris") == "killed"
    await f.phase("closed")
    assert await f.refused("z", "buy", 25, "100.3", account="anna") == "wrong_phase"
    assert await f.refused("z", "buy", 25, "100.3", account="boris") == "killed"
    await f.kill(account="boris", active=False)


async def test_a_table_of_ticks(floor: MakeFloor) -> None:
    """The highest row whose `from` is not above the price counts."""
    f = await floor(ticks=[{"from": "0", "tick": "0.01"}, {"from": "10", "tick": "0.05"}])
    assert await f.refused("a", "buy", 1, "9.99") == "accepted"
    assert await f.refused("b", "buy", 1, "10.01") == "price_off_tick"
    assert await f.refused("c", "buy", 1, "10.05") == "accepted"


async def test_collar_edges(floor: MakeFloor) -> None:
    """Both edges are inside; it lies round the reference price, which is the last trade."""
    f = await floor(reference_price="100", collar_bps="1000")
    assert await f.refused("a", "buy", 1, 111) == "price_outside_collar"
    assert await f.refused("b", "sell", 1, 110) == "accepted"
    await f.buy("c", 1, 110)
    assert await f.refused("d", "sell", 1, 121) == "accepted"
    assert await f.refused("e", "sell", 1, 122) == "price_outside_collar"


async def test_fees(floor: MakeFloor) -> None:
    """Maker and taker rates in basis points, negative is a rebate; the fee account receives what the sides pay."""
    f = await floor(tick_size="0.01", maker_bps="-1", taker_bps="5")
    before = await f.cash("fees")
    await f.sell("s", 10, 100)
    answer = await f.buy("b", 10, 100)
    assert plain(answer["fills"][0]["fee"]) == "0.5"
    await f.until_reported("s", "trade")
    [maker] = [report for report in await f.raw_reports("s") if report["exec"] == "trade"]
    assert plain(maker["fee"]) == "-0.1"
    assert await f.holding("b") == "10 avg 100 realised 0 fees 0.5"
    assert await f.holding("s") == "-10 avg 100 realised 0 fees -0.1"
    assert (await f.cash("b"), await f.cash("s")) == ("-1000.5", "1000.1")
    assert Decimal(await f.cash("fees")) - Decimal(before) == Decimal("0.4")


async def test_an_accounts_own_rate_goes_first(floor: MakeFloor) -> None:
    """Kind by kind: this one's taker rate, the instrument's maker rate."""
    f = await floor(tick_size="0.01", maker_bps="2", taker_bps="5")
    await f.limit("b", taker_bps="1")
    await f.sell("s", 10, 100)
    answer = await f.buy("b", 10, 100)
    assert plain(answer["fills"][0]["fee"]) == "0.1"
    await f.buy("m", 10, 100, account="b")
    await f.sell("t", 10, 100)
    await f.until_reported("m", "trade")
    [maker] = [report for report in await f.raw_reports("m") if report["exec"] == "trade"]
    assert plain(maker["fee"]) == "0.2"


@pytest.mark.parametrize(("rate", "fee"), [("2.5", "0.00000002"), ("1.5", "0.00000002"), ("3.5", "0.00000004")])
async def test_fees_round_half_to_even(floor: MakeFloor, rate: str, fee: str) -> None:
    """Once per fill, at 8 decimals."""
    f = await floor(tick_size="0.01", lot_size="0.01", taker_bps=rate)
    await f.sell("s", "0.01", "0.01")
    answer = await f.buy("b", "0.01", "0.01")
    assert answer["fills"][0]["fee"] == fee


async def test_the_cross_rate_defaults_to_the_takers(floor: MakeFloor) -> None:
    """In an uncross both sides pay it."""
    for listing, fee in (({}, "0.5"), ({"cross_bps": "1"}, "0.1")):
        f = await floor(tick_size="0.01", maker_bps="0", taker_bps="5", **listing)
        await f.phase("auction", kind="operator")
        await f.buy("b", 10, 100)
        await f.sell("s", 10, 100)
        await f.phase("continuous")
        for name in ("b", "s"):
            await f.until_reported(name, "trade")
            [told] = [report for report in await f.raw_reports(name) if report["exec"] == "trade"]
            assert (plain(told["fee"]), told["liquidity"]) == (fee, "cross")


async def test_positions(floor: MakeFloor) -> None:
    """Average price, realised profit, and through zero."""
    f = await floor(tick_size="0.01")
    for number, (side, quantity, price) in enumerate((("buy", 10, 100), ("sell", 4, 110), ("sell", 10, 90))):
        other = "sell" if side == "buy" else "buy"
        await f.place(f"o{number}", other, quantity, price)
        await f.place(f"t{number}", side, quantity, price, account="anna")
    assert await f.holding("anna") == "-4 avg 90 realised -20 fees 0"
    await f.sell("last", 4, 80)
    await f.buy("close", 4, 80, account="anna")
    assert await f.holding("anna") == "flat"


async def test_average_price_is_rounded(floor: MakeFloor) -> None:
    """Half to even at 8 decimals."""
    f = await floor(tick_size="0.01")
    await f.sell("s1", 10, 100)
    await f.sell("s2", 5, 101)
    answer = await f.buy("b", 15, 101)
    assert answer["average_price"] == "100.33333333"
    assert await f.holding("b") == "15 avg 100.33333333 realised 0 fees 0"


async def test_position_limit_counts_open_orders_of_the_own_side(floor: MakeFloor) -> None:
    """Long and short, with what is open."""
    f = await floor()
    await f.limit("anna", max_long="10", max_short="5")
    await f.buy("b1", 6, 90, account="anna")
    assert await f.refused("b2", "buy", 5, 90, account="anna") == "position_limit"
    assert await f.refused("b3", "buy", 4, 90, account="anna") == "accepted"
    assert await f.refused("s1", "sell", 6, 110, account="anna") == "position_limit"
    assert await f.refused("s2", "sell", 5, 110, account="anna") == "accepted"
    await f.sell("hit", 6, 90)
    await f.cancel("b3")
    assert await f.refused("b4", "buy", 5, 80, account="anna") == "position_limit"
    assert await f.refused("b5", "buy", 4, 80, account="anna") == "accepted"
    assert await f.amend_refused("b5", quantity=5) == "position_limit"
    assert await f.refused("s3", "sell", 6, 110, account="anna") == "accepted"


async def test_account_limits(floor: MakeFloor) -> None:
    """Order quantity, order value, open orders; null removes one."""
    f = await floor()
    await f.limit("anna", max_quantity="10", max_value="500", max_open_orders=1)
    assert await f.refused("a", "buy", 11, 10, account="anna") == "quantity_too_large"
    assert await f.refused("b", "buy", 6, 100, account="anna") == "value_too_large"
    assert await f.refused("c", "buy", 5, 100, account="anna") == "accepted"
    assert await f.refused("d", "buy", 1, 1, account="anna") == "too_many_open_orders"
    await f.limit("anna", max_open_orders=None)
    assert await f.refused("d", "buy", 1, 1, account="anna") == "accepted"
    assert await f.refused("e", "buy", 11, 10, account="anna") == "quantity_too_large"


async def test_a_disabled_account_may_cancel(floor: MakeFloor) -> None:
    """It may not place or amend."""
    f = await floor()
    await f.buy("b", 5, 100, account="anna")
    await f.limit("anna", everywhere=True, enabled=False)
    assert await f.refused("c", "buy", 5, 100, account="anna") == "account_disabled"
    assert await f.amend_refused("b", quantity=4) == "account_disabled"
    assert await f.cancel_refused("b") == "canceled"
    await f.limit("anna", everywhere=True, enabled=True)
    assert await f.refused("d", "buy", 5, 100, account="anna") == "accepted"


async def test_kill_switch_of_an_account(floor: MakeFloor) -> None:
    """Everything of it is canceled, stops and waiting orders too; it stays until it is set inactive."""
    f = await floor()
    await f.sell("s", 1, 100)
    await f.buy("t", 1, 100)
    await f.buy("b1", 5, 90, account="anna")
    await f.buy("b2", 5, type="stop", stop_price=120, account="anna")
    await f.buy("b3", 5, 95, tif="at_close", account="anna")
    await f.buy("other", 5, 90)
    await f.kill(account="anna")
    assert await f.states("b1", "b2", "b3", "other") == ["canceled killed"] * 3 + ["open"]
    assert await f.refused("b4", "buy", 5, 90, account="anna") == "killed"
    await f.kill(account="anna", active=False)
    assert await f.refused("b5", "buy", 5, 90, account="anna") == "accepted"


async def test_kill_switch_of_an_instrument(floor: MakeFloor) -> None:
    """New orders and amends are refused, resting ones stay unless `cancel`; cancels work, calls go on."""
    f = await floor()
    await f.buy("b1", 5, 90)
    await f.buy("b2", 5, 91)
    await f.kill()
    assert await f.refused("x", "buy", 5, 90) == "killed"
    assert await f.amend_refused("b1", quantity=4) == "killed"
    assert await f.states("b1", "b2") == ["open", "open"]
    assert await f.cancel_refused("b1") == "canceled"
    await f.kill(cancel=True)
    assert await f.state("b2") == "canceled killed"
    await f.kill(active=False)
    assert await f.refused("y", "buy", 5, 90) == "accepted"


async def test_kill_switch_of_the_whole_exchange(floor: MakeFloor) -> None:
    """In every partition."""
    floors = [await floor() for _ in range(3)]
    await floors[0].buy("b", 5, 90)
    await floors[0].kill(whole=True)
    try:
        for f in floors:
            assert await f.refused("x", "buy", 5, 90) == "killed"
        assert await floors[0].state("b") == "open"
        assert await floors[0].cancel_refused("b") == "canceled"
    finally:
        await floors[0].kill(whole=True, active=False)
    assert await floors[1].refused("y", "buy", 5, 90) == "accepted"


async def test_bust(floor: MakeFloor) -> None:
    """Positions, cash and fees of both sides are undone exactly; orders, last price and volume stay."""
    f = await floor(tick_size="0.01", maker_bps="1", taker_bps="5")
    before = await f.cash("fees")
    await f.sell("s", 10, 100)
    await f.buy("b", 10, 100)
    assert await f.bust(1) == ""
    assert [await f.holding(name) for name in ("b", "s")] == ["flat", "flat"]
    assert [float(await f.cash(name)) for name in ("b", "s")] == [0, 0]
    assert Decimal(await f.cash("fees")) == Decimal(before)
    assert await f.states("s", "b") == ["filled", "filled"]
    await f.until_reported("b", "busted")
    [told] = [report for report in await f.raw_reports("b") if report["exec"] == "busted"]
    assert (told["trade_id"], plain(told["fee"])) == (1, "-0.5")
    assert (await f.trades())[0]["bust"] is True
    assert await f.bust(1) == "already_busted"
    assert await f.bust(2) == "unknown_trade"


async def test_bust_of_an_earlier_trade(floor: MakeFloor) -> None:
    """As if it had never been: what came after it stays."""
    f = await floor(tick_size="0.01")
    for number, (side, quantity, price) in enumerate((("buy", 10, 100), ("sell", 10, 110), ("buy", 5, 50))):
        await f.place(f"o{number}", "sell" if side == "buy" else "buy", quantity, price)
        await f.place(f"t{number}", side, quantity, price, account="anna")
    assert await f.bust(1) == ""
    assert await f.holding("anna") == "-5 avg 110 realised 300 fees 0"
    assert await f.cash("anna") == "850"


async def test_bust_of_an_uncross_trade(floor: MakeFloor) -> None:
    """A trade of a call can be undone too."""
    f = await floor(tick_size="0.01", taker_bps="5")
    await f.phase("auction", kind="operator")
    await f.buy("b", 10, 100)
    await f.sell("s", 10, 100)
    await f.phase("continuous")
    assert await f.bust(1) == ""
    assert [await f.holding(name) for name in ("b", "s")] == ["flat", "flat"]


async def test_listing_that_money_forbids(floor: MakeFloor, doors: Doors) -> None:
    """A listing whose tick × lot is no multiple of a unit of money is bad_request."""
    from tests.rulebook.line import Refusal

    with pytest.raises(Refusal) as refusal:
        await floor(tick_size="0.00001", lot_size="0.0001")
    assert refusal.value.code == "bad_request"


async def test_delisting(floor: MakeFloor, doors: Doors) -> None:
    """Only closed and empty."""
    from tests.rulebook.line import Refusal

    f = await floor()
    path = f"/v1/admin/instruments/{f.symbol}"
    await f.buy("b", 5, 90)
    with pytest.raises(Refusal):
        await doors.operate("DELETE", path)
    await f.phase("closed")
    with pytest.raises(Refusal):
        await doors.operate("DELETE", path)
    await f.cancel("b")
    await doors.operate("DELETE", path)
    assert await f.refused("c", "buy", 5, 90) == "unknown_instrument"
