"""docs/rules.md 6: stop orders, over the public API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rulebook.floor import MakeFloor
from tests.rulebook.line import plain

if TYPE_CHECKING:
    from tests.rulebook.floor import Floor


async def trade_at(f: Floor, price: int, tag: int) -> None:
    """Let somebody else's orders trade one lot at a price."""
    await f.sell(f"s{tag}", 1, price)
    await f.buy(f"b{tag}", 1, price)


async def test_a_buy_triggers_at_or_above_its_stop(floor: MakeFloor) -> None:
    """It waits unseen and is triggered by a trade at its stop price."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.sell("far", 5, 110)
    answer = await f.buy("stop", 2, type="stop", stop_price=105)
    assert answer["status"] == "pending_trigger"
    assert (await f.book())["bids"] == []
    await trade_at(f, 104, 2)
    assert await f.state("stop") == "pending_trigger"
    await trade_at(f, 105, 3)
    assert (await f.tape())[-1] == "2@110 stop far"
    assert [told.split()[0] for told in await f.until_reported("stop", "trade")] == ["accepted", "triggered", "trade"]


async def test_a_sell_triggers_at_or_below(floor: MakeFloor) -> None:
    """A stop-limit becomes a limit order at its price."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.sell("stop", 2, 94, type="stop_limit", stop_price=95)
    await trade_at(f, 95, 2)
    assert await f.state("stop") == "open"
    assert (await f.book())["asks"] == ["2@94"]


async def test_would_trigger(floor: MakeFloor) -> None:
    """One that would trigger at once is refused; without any trade yet nothing triggers."""
    f = await floor(reference_price="100")
    await f.buy("early", 1, type="stop", stop_price=90)
    await trade_at(f, 100, 1)
    assert await f.refused("a", "buy", 1, type="stop", stop_price=100) == "would_trigger"
    assert await f.refused("b", "sell", 1, type="stop", stop_price=100) == "would_trigger"
    assert await f.refused("c", "buy", 1, type="stop", stop_price=101) == "accepted"


async def test_order_of_simultaneous_triggers(floor: MakeFloor) -> None:
    """Stop price in the direction of travel, then entry."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.buy("t2", 1, type="stop", stop_price=103)
    await f.buy("t1", 1, type="stop", stop_price=102)
    await f.buy("t3", 1, type="stop", stop_price=103)
    for number, price in enumerate((110, 111, 112)):
        await f.sell(f"a{number}", 1, price)
    await trade_at(f, 105, 2)
    assert (await f.tape())[2:] == ["1@110 t1 a0", "1@111 t2 a1", "1@112 t3 a2"]


async def test_cascade(floor: MakeFloor) -> None:
    """What a triggered stop trades may trigger the next, until none is left."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.sell("x1", 1, type="stop", stop_price=98)
    await f.sell("x2", 1, type="stop", stop_price=96)
    await f.sell("x3", 1, type="stop", stop_price=90)
    await f.buy("b97", 1, 98)
    await f.buy("b96", 1, 96)
    await f.buy("b95", 1, 95)
    await f.sell("start", 1, 98)
    assert (await f.tape())[1:] == ["1@98 b97 start", "1@96 b96 x1", "1@95 b95 x2"]
    assert await f.state("x3") == "pending_trigger"


async def test_all_that_hold_at_one_check_are_taken(floor: MakeFloor) -> None:
    """Each is triggered and executed at its turn, one after the other."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.buy("t1", 1, type="stop", stop_price=102)
    await f.buy("t2", 1, type="stop", stop_price=104)
    await f.sell("cheap", 1, 105)
    await f.sell("start", 1, 104)
    await f.buy("taker", 1, 104)
    assert (await f.tape())[1:] == ["1@104 taker start", "1@105 t1 cheap"]
    assert await f.state("t2") == "expired no_liquidity"


async def test_buys_and_sells_at_once(floor: MakeFloor) -> None:
    """The side of the last price's move first."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.buy("up", 1, type="stop", stop_price=105)
    await f.sell("a106", 1, 106)
    await f.buy("b99", 1, 99)
    await trade_at(f, 105, 2)
    assert (await f.tape())[-1] == "1@106 up a106"


async def test_a_triggered_stop_passes_every_check_again(floor: MakeFloor) -> None:
    """A refusal then is a report `rejected`, with the check's code as reason."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.buy("stop", 5, 120, type="stop_limit", stop_price=105)
    await f.relist(max_price="110")
    await trade_at(f, 105, 2)
    assert (await f.until_reported("stop", "rejected"))[-1] == "rejected price_too_high"
    assert await f.state("stop") == "rejected price_too_high"


async def test_a_stop_may_be_amended(floor: MakeFloor) -> None:
    """Its stop price too; one that would trigger at once is refused; on another order it is bad_request."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.buy("stop", 5, type="stop", stop_price=105)
    assert await f.amend_refused("stop", stop_price=100) == "would_trigger"
    assert (await f.amend("stop", stop_price=110))["stop_price"] == "110"
    await trade_at(f, 105, 2)
    assert await f.state("stop") == "pending_trigger"
    await f.buy("plain", 1, 90)
    assert await f.amend_refused("plain", stop_price=95) == "bad_request"


async def test_a_stop_is_canceled_and_counted(floor: MakeFloor) -> None:
    """Waiting stops count among the open orders, and cancel like any."""
    f = await floor(max_open_orders=2)
    await trade_at(f, 100, 1)
    await f.buy("t1", 1, type="stop", stop_price=105, account="anna")
    await f.buy("t2", 1, type="stop", stop_price=106, account="anna")
    assert await f.refused("t3", "buy", 1, 90, account="anna") == "too_many_open_orders"
    answer = await f.cancel("t1")
    assert (answer["status"], answer["reason"]) == ("canceled", "requested")
    await trade_at(f, 105, 2)
    assert await f.state("t2") == "pending_trigger"


async def test_stops_in_a_call_wait_for_continuous(floor: MakeFloor) -> None:
    """In a call a stop is taken although it would trigger at once; an uncross price triggers in the next phase."""
    f = await floor()
    await trade_at(f, 100, 1)
    await f.phase("auction", kind="operator")
    assert (await f.buy("stop", 1, type="stop", stop_price=99))["status"] == "pending_trigger"
    await f.buy("b", 2, 101)
    await f.sell("s", 2, 101)
    await f.sell("later", 1, 103)
    assert await f.state("stop") == "pending_trigger"
    await f.phase("continuous")
    assert (await f.tape())[1:] == ["2@101 b s", "1@103 stop later"]


async def test_stop_price_must_fit(floor: MakeFloor) -> None:
    """Tick, and the value by the stop price."""
    f = await floor(tick_size="0.5", lot_size="1", max_value="1000")
    assert await f.refused("a", "buy", 1, type="stop", stop_price="100.3") == "price_off_tick"
    assert await f.refused("b", "buy", 11, type="stop", stop_price="100") == "value_too_large"
    assert plain((await f.buy("c", 10, type="stop", stop_price="100"))["stop_price"]) == "100"
