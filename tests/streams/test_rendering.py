import json
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from exchange.commands import PlaceOrder
from exchange.instrument import Instrument
from exchange.units import SECOND, UNIT, to_text
from streams.publication.rendering import PRINTED_NUMBERS_MAX, OrderState, PrintedNumbers, Printer, Renderer, print_time
from tests.support.journaled import ACME, OPENING, Journaled, buy, sell, units

MEMBERS = [
    *("order_id", "client_order_id", "account", "symbol", "side", "type", "time_in_force", "price", "stop_price"),
    *("quantity", "display_quantity", "filled_quantity", "open_quantity", "average_price", "post_only", "self_trade"),
    *("expires", "status", "reason", "created", "updated"),
]


def test_an_order_has_every_member() -> None:
    """All of the protocol's members are there in its order, null where there is nothing."""
    journaled = Journaled()

    [(code, order)] = journaled.send(buy("anna", 5, "101.2", "a-1")).results

    assert code == ""
    assert list(order) == [*MEMBERS, "fills"]
    assert order == {
        "order_id": "3-1",
        "client_order_id": "a-1",
        "account": "anna",
        "symbol": "ACME",
        "side": "buy",
        "type": "limit",
        "time_in_force": "gtc",
        "price": "101.20",
        "stop_price": None,
        "quantity": "5",
        "display_quantity": None,
        "filled_quantity": "0",
        "open_quantity": "5",
        "average_price": None,
        "post_only": False,
        "self_trade": "cancel_newest",
        "expires": None,
        "status": "open",
        "reason": None,
        "created": "2026-11-22T10:00:00.000000000Z",
        "updated": "2026-11-22T10:00:00.000000000Z",
        "fills": [],
    }


def test_what_is_there_is_printed() -> None:
    """No member is null that has a value."""
    renderer = Renderer(0)
    renderer.define(ACME)
    command = PlaceOrder(
        "anna", "ACME", "a-1", 1, 3, units(9), units(100), units(101), 4, OPENING + SECOND, True, units(3), 3
    )
    state = OrderState(
        7, command, units(100), units(101), units(9), units(3), OPENING + SECOND, units(3), 0, units(99) * units(3) + 1,
        5, "expired", OPENING, OPENING + 1,
    )  # fmt: skip

    order = json.loads(renderer.order(state))

    assert list(order) == MEMBERS
    assert order == {
        "order_id": "0-7",
        "client_order_id": "a-1",
        "account": "anna",
        "symbol": "ACME",
        "side": "sell",
        "type": "stop_limit",
        "time_in_force": "gtd",
        "price": "100.00",
        "stop_price": "101.00",
        "quantity": "9",
        "display_quantity": "3",
        "filled_quantity": "3",
        "open_quantity": "0",
        "average_price": "99.00",
        "post_only": True,
        "self_trade": "decrement",
        "expires": "2026-11-22T10:00:01.000000000Z",
        "status": "expired",
        "reason": "expired",
        "created": "2026-11-22T10:00:00.000000000Z",
        "updated": "2026-11-22T10:00:00.000000001Z",
    }


def test_an_average_price_has_up_to_eight_decimals() -> None:
    """It is rounded half to even at eight decimals, and has at least the tick's."""
    journaled = Journaled()
    journaled.send(sell("anna", 1, 100, "a-1"), sell("anna", 2, "100.01", "a-2"))

    [(_, order)] = journaled.send(buy("boris", 3, 101, "b-1")).results

    assert order["average_price"] == "100.00666667"


def test_fills_are_in_the_answer_to_a_placement_and_its_repeat() -> None:
    """They are the order's side of each trade, oldest first; a repeat has those of later on, too."""
    journaled = Journaled()
    placement = buy("anna", 5, 101, "a-1")
    journaled.send(sell("boris", 2, 100, "b-1"))
    fill = {"trade_id": 1, "price": "100.00", "quantity": "2", "liquidity": "taker", "fee": "0.00"}
    later = {"trade_id": 2, "price": "101.00", "quantity": "3", "liquidity": "maker", "fee": "0.00"}

    [(_, first)] = journaled.send(placement).results
    journaled.now += 1
    journaled.send(sell("boris", 3, 101, "b-2"))
    [(_, again)] = journaled.send(placement).results

    assert first["fills"] == [fill | {"time": "2026-11-22T10:00:00.000000000Z"}]
    assert again["fills"] == first["fills"] + [later | {"time": "2026-11-22T10:00:00.000000001Z"}]
    assert (again["order_id"], again["status"]) == (first["order_id"], "filled")


@given(st.integers(0, 4_000_000_000 * SECOND))
def test_times_are_exact(at: int) -> None:
    """Seconds are those of the calendar, and no nanosecond is lost."""
    text = json.loads(print_time(at))
    seconds, point, rest = text.partition(".")

    assert (point, rest) == (".", f"{at % SECOND:09d}Z")
    assert datetime.fromisoformat(f"{seconds}+00:00").timestamp() == at // SECOND


def test_numbers_have_the_instrument_s_decimals() -> None:
    """At least those of the smallest tick and of the lot, without their trailing zeros."""
    printer = Printer(Instrument("ACME", [(0, UNIT // 1000 * 10), (UNIT, UNIT // 10)], UNIT * 10))

    assert [printer.price[units(number)] for number in ("0", "101.2", "-1", "0.005")] == [
        '"0.00"',
        '"101.20"',
        '"-1.00"',
        '"0.005"',
    ]
    assert [printer.quantity[units(number)] for number in (0, 20, "0.5")] == ['"0"', '"20"', '"0.5"']


def test_printed_numbers_are_bounded() -> None:
    """What is remembered never exceeds its bound, and forgetting changes no text."""
    printed = PrintedNumbers(2)
    sizes = set()
    for units_ in range(PRINTED_NUMBERS_MAX + 10):
        assert printed[units_] == f'"{to_text(units_, 2)}"'
        sizes.add(len(printed))

    assert max(sizes) == PRINTED_NUMBERS_MAX
    assert len(printed) == 10


def test_a_listing_with_the_same_decimals_keeps_what_is_printed() -> None:
    """The printer is another only when numbers are to look different."""
    renderer = Renderer(3)
    renderer.define(ACME)
    printer = renderer.printers["ACME"]

    renderer.define(replace(ACME, max_price=UNIT))
    assert renderer.printers["ACME"] is printer
    renderer.define(replace(ACME, lot_size=UNIT // 10))
    assert renderer.printers["ACME"] is not printer


def test_a_live_order_is_printed_from_its_own_state() -> None:
    """The state of an order now has each of its moving parts in its place."""
    journaled = Journaled()
    journaled.send(buy("anna", 9, 100, "a-1", display_quantity=units(3)))
    journaled.now += 5
    journaled.send(sell("boris", 2, 100, "b-1"))

    order = journaled.ask("order", account="anna", order_id=1)

    members = ("quantity", "display_quantity", "filled_quantity", "open_quantity", "average_price", "status", "updated")
    assert [order[name] for name in members] == [
        "9",
        "3",
        "2",
        "7",
        "100.00",
        "partially_filled",
        "2026-11-22T10:00:00.000000005Z",
    ]
