"""exchange/memory/archive.py, exchange/checkpoint/packing.py: what goes into the archive comes out of it as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exchange.book.order import Order
from exchange.book.order_rows import order_row
from exchange.checkpoint import packing
from exchange.checkpoint.packing import pack, past_order
from exchange.commands import Configure
from exchange.engine import SEMANTICS, Engine
from exchange.events import Repeated
from exchange.memory.archive import escaped, row_of, text_of, unescaped
from exchange.terms import BUY, DECREMENT, GTD, IOC, STOP_LIMIT
from exchange.units import SECOND
from tests.support.market import Market

if TYPE_CHECKING:
    from exchange.memory.archive import Block

SIZE = 4
"""Orders in a block here; WHOLE times as many of each account stay objects."""


def flood(market: Market, count: int, symbol: str = "ACME", account: str = "anna") -> None:
    """So many orders that find nobody and end."""
    for _ in range(count):
        market.buy(account, 1, at=50, time_in_force=IOC, symbol=symbol)


def pack_all(market: Market) -> int:
    """Pack whatever may be; how many orders are in the archive then."""
    pack(market.engine, market.now, most=1_000, size=SIZE)
    return len(market.engine.register.past)


def blocks(market: Market, account: str = "anna") -> list[Block]:
    """The blocks of an account."""
    return market.engine.register.ended.find(account).blocks


def order_with(market: Market, session: str, reason: str) -> Order:
    """An ended order with these texts in it."""
    order = market.buy("anna", 1, at=50, time_in_force=IOC).order
    order.command.session, order.reason = session, reason
    return order


@pytest.mark.parametrize("text", ["", "gw1.22", "a\nb", "a\tb", "back\\slash", "\\n", "żółć", "\U0001f600\n"])
def test_any_text_comes_out_as_it_went_in(text: str) -> None:
    """Whatever a journal holds, nothing in a text is taken for the end of it."""
    assert unescaped(escaped(text)) == text
    assert not {"\n", "\t"} & set(escaped(text))
    order = order_with(Market(), text, text)
    row = order_row(order)
    assert past_order(order).text == text_of(row)
    assert row_of("anna", "ACME", row[1][2], text_of(row)) == row


def test_an_order_is_written_alike_in_both_ways() -> None:
    """The quick way of packing and that of a checkpoint's row, of orders of every kind (docs/twins.md)."""
    market = Market()
    market.sell("boris", 5, at=100, display=2)
    market.buy("anna", 2, at=100, self_trade=DECREMENT)
    market.buy("anna", 3, at=100, time_in_force=GTD, expires=market.time(9), session="gw.1")
    market.place("carla", BUY, 4, 90, stop=110, type=STOP_LIMIT, post_only=True)
    market.cancel_all("carla")
    orders = list(market.engine.orders.values())
    assert len(orders) == 4
    for order in orders:
        for fills in (True, False):
            assert past_order(order, fills=fills).text == text_of(order_row(order), fills=fills)


def test_an_order_that_traded_much_ends_its_block() -> None:
    """So that reading one order never means reading thousands of fills."""
    market = Market()
    count = packing.FILLS * SIZE + 1
    for _ in range(count):
        market.sell("boris", 1, at=50)
    big = market.buy("anna", count, at=50)
    flood(market, 3 * SIZE)
    assert pack_all(market) > 0
    assert [block.count for block in blocks(market)][:2] == [1, SIZE]
    found = market.engine.order(big.order_id)
    assert found is not None
    assert len(found.fills) == count


def test_a_delisted_instrument_leaves_the_blocks_of_others() -> None:
    """Of a block with orders of both only those of the other stay, and are found there."""
    market = Market()
    market.list_instrument("BETA")
    for _ in range(4 * SIZE):
        flood(market, 1, "ACME")
        flood(market, 1, "BETA")
    flood(market, 4 * SIZE, "BETA", "boris")
    assert pack_all(market) == 6 * SIZE + 2 * SIZE
    market.phase("closed", symbol="BETA")
    market.delist("BETA")
    assert market.refused == ""
    plain = Engine.from_state(market.engine.state())
    assert plain.digest() == market.engine.digest()
    left = list(market.engine.register.past)
    assert len(left) == 3 * SIZE
    for order_id in left:
        found = market.engine.order(order_id)
        assert found is not None
        assert (found.order_id, found.symbol) == (order_id, "ACME")
        assert market.engine.find("anna", "ACME", found.client_order_id) is not None


def test_what_is_beyond_the_bound_leaves_the_archive_first() -> None:
    """One by one, out of the middle of a block too; a name that was forgotten is free again."""
    market = Market(ended_orders_max=4 * SIZE)
    flood(market, 4 * SIZE)
    assert pack_all(market) == 2 * SIZE
    flood(market, SIZE + 2)
    assert [block.count for block in blocks(market)] == [SIZE - 1]
    assert market.engine.order(1) is None
    assert market.engine.order(SIZE + 1) is None
    assert market.engine.order(SIZE + 2) is not None
    market.buy("anna", 1, at=50, time_in_force=IOC, client_order_id="c1")
    assert market.events != [Repeated(1)]


def test_a_repeat_is_found_in_the_archive() -> None:
    """Also after another order of the same account and name in another instrument."""
    market = Market()
    market.list_instrument("BETA")
    market.buy("anna", 1, at=50, time_in_force=IOC, client_order_id="mine", symbol="BETA")
    market.buy("anna", 2, at=50, time_in_force=IOC, client_order_id="mine")
    flood(market, 4 * SIZE)
    assert pack_all(market) == 2 * SIZE
    market.buy("anna", 2, at=50, time_in_force=IOC, client_order_id="mine")
    assert market.events == [Repeated(2)]
    market.buy("anna", 1, at=50, time_in_force=IOC, client_order_id="mine", symbol="BETA")
    assert market.events == [Repeated(1)]
    market.buy("anna", 3, at=50, time_in_force=IOC, client_order_id="mine")
    assert market.refused == "client_order_id_reused"


def test_a_version_without_an_archive_gets_everything_back() -> None:
    """Version 2 remembers everybody's together, so nothing is packed under it."""
    market = Market()
    flood(market, 4 * SIZE)
    assert pack_all(market) == 2 * SIZE
    before = [order_row(order) for number in range(1, 4 * SIZE + 1) if (order := market.engine.order(number))]
    market.apply(Configure(2, 10_000, 1_000, 5 * SECOND))
    assert pack_all(market) == 0
    assert [order_row(order) for order in market.engine.orders.values()] == before
    market.apply(Configure(SEMANTICS, 10_000, 1_000, 5 * SECOND))
    assert pack_all(market) == 2 * SIZE
