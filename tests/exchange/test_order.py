"""An order by itself: its quantities, what it shows, and the words for what it may be."""

from __future__ import annotations

import pytest

from exchange import terms as words
from exchange.book.order import Order
from exchange.commands import PlaceOrder
from exchange.instrument import Instrument
from exchange.market import Market
from exchange.terms import BUY, LIMIT, OPEN, effective_display
from exchange.units import UNIT


def an_order(quantity: int, display_quantity: int | None = None) -> Order:
    """A bid that nobody has met yet."""
    book = Market().open_book(Instrument("ACME", [(0, UNIT)], UNIT))
    command = PlaceOrder(
        "anna", "ACME", "mine", BUY, LIMIT, quantity * UNIT, 100 * UNIT, display_quantity=display_quantity
    )
    return Order(7, command, book, book.holding("anna"), at=123)


def test_a_new_order_is_open_and_untouched() -> None:
    """Everything is open, nothing is filled, canceled or shown."""
    order = an_order(10)
    assert (order.order_id, order.account, order.symbol, order.client_order_id) == (7, "anna", "ACME", "mine")
    assert (order.status, order.reason, order.open_quantity) == (OPEN, "", 10 * UNIT)
    assert (order.filled, order.canceled, order.shown, order.cost) == (0, 0, 0, 0)
    assert (order.created, order.updated, order.expires, order.stop_price) == (123, 123, 0, 0)


def test_filled_open_and_canceled_make_the_quantity() -> None:
    """What is open follows from the other two."""
    order = an_order(10)
    order.filled, order.canceled = 3 * UNIT, 2 * UNIT
    assert order.open_quantity == 5 * UNIT


def test_the_average_price_is_rounded_half_to_even() -> None:
    """At eight decimals, over the whole cost; nothing filled has none."""
    order = an_order(10)
    assert order.average_price == 0
    order.filled = 2 * UNIT
    order.add_cost(100 * UNIT, 0)
    order.add_cost(100 * UNIT + 1, 0)
    assert order.cost == (100 * UNIT) * UNIT + (100 * UNIT + 1) * UNIT
    assert order.average_price == 100 * UNIT
    order.add_cost(0, UNIT - 1)
    order.add_cost(1, 1)
    assert order.average_price == 100 * UNIT + 2


@pytest.mark.parametrize(("display", "filled", "shown"), [(None, 0, 10), (4, 0, 4), (4, 7, 3), (4, 6, 4), (10, 3, 7)])
def test_the_next_part_is_the_smaller_of_display_and_rest(display: int | None, filled: int, shown: int) -> None:
    """A plain order shows its whole rest."""
    order = an_order(10, None if display is None else display * UNIT)
    order.filled = filled * UNIT
    assert order.tranche() == shown * UNIT


def test_showing_everything_is_showing_it_plainly() -> None:
    """A display quantity equal to the quantity is none."""
    assert [effective_display(display, 10) for display in (None, 10, 4)] == [0, 0, 4]


def test_the_words_are_those_of_the_protocol() -> None:
    """Each integer's place in its row of names is its meaning on the wire: the rows only ever grow."""
    assert words.SIDE_NAMES == ("buy", "sell")
    assert words.TYPE_NAMES == ("limit", "market", "stop", "stop_limit")
    assert words.TIME_IN_FORCE_NAMES == ("gtc", "day", "ioc", "fok", "gtd", "at_open", "at_close")
    assert words.SELF_TRADE_NAMES == ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")
    assert " ".join(words.STATUS_NAMES) == "pending_trigger open partially_filled filled canceled expired rejected"
    assert words.LIQUIDITY_NAMES == ("maker", "taker", "cross")
    assert (words.BUY, words.MARKET, words.GTD, words.DECREMENT, words.FILLED, words.TAKER) == (0, 1, 4, 3, 3, 1)
