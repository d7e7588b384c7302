"""Fast twins of the engine (docs/twins.md): each says what its slow twin says, for orders of every kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from exchange.book.order import Order
from exchange.commands import ListInstrument, PlaceOrder
from exchange.engine import Engine
from exchange.matching.admission import refusal
from exchange.matching.checks import is_plain_and_good
from exchange.terms import BUY, CANCELED, LIMIT, MARKET, SELL
from exchange.units import UNIT
from tests.support.random_choices import Seeded
from tests.support.random_commands import LISTINGS, PLAIN, START, WIDE, random_step
from tests.support.random_days import day_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exchange.commands import Command

quantities = st.integers(1, 40)


def listed() -> Engine:
    """An engine with one instrument that trades."""
    engine = Engine()
    engine.apply(WIDE, 1, START)
    engine.apply(ListInstrument(PLAIN), 2, START)
    return engine


def variants(placed: PlaceOrder, choose: Seeded) -> Iterator[PlaceOrder]:
    """An order, and the same a little beyond what an instrument takes."""
    yield placed
    for price in (None, -UNIT, choose.number(1, 3), 1_000_000 * UNIT):
        yield replace(placed, price=price)
    for quantity in (0, choose.number(1, 3), 25 * UNIT + UNIT, 1_000_000 * UNIT):
        yield replace(placed, quantity=quantity)
    yield replace(placed, time_in_force=choose.number(0, 6))
    yield replace(placed, post_only=not placed.post_only)
    yield replace(placed, type=choose.number(0, 3))
    yield replace(placed, display_quantity=UNIT)
    yield replace(placed, stop_price=100 * UNIT)


def test_no_order_is_plain_and_good_that_a_check_refuses() -> None:
    """What passes at one look passes every check, whatever the book, the listing, the limits and the order are."""
    choose, engine, now, seen = Seeded(20261201), listed(), START, Counter[tuple[bool, bool]]()
    for sequence in range(3, 1_500):
        step = day_step(choose) if sequence % 2 else random_step(choose)
        now += step.wait
        command: Command = (
            ListInstrument(choose.one_of(LISTINGS)) if sequence % 50 == 0 else step.command_at(now, {}, [])
        )
        if isinstance(command, PlaceOrder) and (book := engine.books.get(command.symbol)) is not None:
            command = replace(command, client_order_id=f"n{sequence}")
            holding = book.holding(command.account)
            for each in variants(replace(command, sent_at=0), choose):
                plain = is_plain_and_good(each, book, holding) and not engine.kill_switch.armed
                refused = refusal(engine, each, book, holding) is not None
                assert not (plain and refused), each
                seen[plain, refused] += 1
        engine.apply(command, sequence, now)
    assert min(seen[True, False], seen[False, False], seen[False, True]) > 100, seen


@given(
    side=st.sampled_from([BUY, SELL]),
    quantity=quantities,
    filled=quantities,
    canceled=quantities,
    display=st.none() | quantities,
    price=st.none() | st.integers(90, 110),
)
def test_an_order_rests_as_if_stamped_and_divided(
    side: int, quantity: int, filled: int, canceled: int, display: int | None, price: int | None
) -> None:
    """`Book.rest` gives time, shown and reserve as `stamp` and `part` do: plain orders, icebergs, market orders."""
    orders = []
    for _ in range(2):
        book = listed().books["ACME"]
        kind = LIMIT if price else MARKET
        total = (quantity + filled + canceled) * UNIT
        command = PlaceOrder("anna", "ACME", "a1", side, kind, total, price and price * UNIT)
        order = Order(
            1, replace(command, display_quantity=display and display * UNIT), book, book.holding("anna"), START
        )
        order.filled, order.canceled = filled * UNIT, canceled * UNIT
        orders.append(order)
    quick, slow = orders
    quick.book.rest(quick)
    slow.book.stamp(slow)
    slow.book.part(slow)
    assert (quick.stamp, quick.shown, quick.reserve) == (slow.stamp, slow.shown, slow.reserve)
    assert quick.book.stamps == slow.book.stamps


@given(side=st.sampled_from([BUY, SELL]), quantity=quantities, filled=st.integers(0, 40), canceled=st.integers(0, 40))
def test_the_register_counts_as_a_holding_does(side: int, quantity: int, filled: int, canceled: int) -> None:
    """What `enter` adds to an account's open quantity, and `end` takes away, is what `Holding.count` would."""
    engine = listed()
    book = engine.books["ACME"]
    quick, slow = book.holding("anna"), book.holding("boris")
    command = PlaceOrder("anna", "ACME", "a1", side, LIMIT, quantity + filled + canceled, 100 * UNIT)
    order = Order(1, command, book, quick, START)
    order.filled, order.canceled = filled, canceled
    engine.register.enter(order)
    slow.count(side, quantity)
    assert (quick.buying, quick.selling) == (slow.buying, slow.selling)
    rest = engine.register.end(order, CANCELED, "requested", START)
    slow.count(side, -rest)
    assert rest == quantity
    assert (quick.buying, quick.selling) == (slow.buying, slow.selling) == (0, 0)
