"""A client order id makes every submit safe to repeat: the same again creates nothing."""

from __future__ import annotations

import pytest

from exchange.events import Rejected, Repeated
from exchange.terms import BUY, DAY, GTD, SELL
from exchange.units import HOUR, SECOND
from tests.support.market import Market, Terms, units

DAY_SECONDS = 24 * HOUR // SECOND


def test_the_same_order_again_is_the_same_order() -> None:
    """The answer is the order as it is now; the book does not change."""
    market = Market()
    first = market.buy("anna", 5, at=100, client_order_id="mine")
    again = market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(1)]
    assert market.engine.changes == []
    assert again.order is first.order
    assert market.depth() == {"bids": ["5 @ 100"], "asks": []}


@pytest.mark.parametrize(
    "terms",
    [
        {"quantity": 6},
        {"at": 101},
        {"side": SELL},
        {"at": None},
        {"post_only": True},
        {"display": 2},
        {"self_trade": 1},
        {"time_in_force": DAY},
        {"time_in_force": GTD, "expires": 1 << 62},
    ],
    ids=str,
)
def test_another_order_of_the_same_name_is_refused(terms: dict[str, Terms]) -> None:
    """Any other meaning is a mistake, and is told so."""
    market = Market()
    market.buy("anna", 5, at=100, client_order_id="mine")
    order: dict[str, Terms] = {"account": "anna", "side": BUY, "quantity": 5, "at": 100, "client_order_id": "mine"}
    market.place(**(order | terms))
    assert market.events == [Rejected("client_order_id_reused", "client_order_id")]
    assert market.depth() == {"bids": ["5 @ 100"], "asks": []}


def test_the_way_it_came_is_not_its_meaning() -> None:
    """Another connection and another time of sending are the same order."""
    market = Market()
    market.buy("anna", 5, at=100, client_order_id="mine", session="s1", sent_at=market.now)
    market.wait(2)
    market.buy("anna", 5, at=100, client_order_id="mine", session="s2", sent_at=market.now)
    assert market.events == [Repeated(1)]
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(1)]


def test_an_ended_order_is_repeated_too() -> None:
    """Filled, canceled or expired: the answer is still that order, and no second one."""
    market = Market()
    market.sell("boris", 5, at=100)
    market.buy("anna", 5, at=100, client_order_id="filled")
    canceled = market.buy("anna", 5, at=99, client_order_id="canceled")
    market.cancel(canceled)
    market.buy("anna", 5, client_order_id="expired")
    for name, price, order_id in (("filled", 100, 2), ("canceled", 99, 3), ("expired", None, 4)):
        market.buy("anna", 5, at=price, client_order_id=name)
        assert market.events == [Repeated(order_id)]
        market.buy("anna", 6, at=price, client_order_id=name)
        assert market.refused == "client_order_id_reused"
    assert market.depth() == {"bids": [], "asks": []}


def test_an_amended_order_answers_to_its_first_body() -> None:
    """The repeat is of what was placed, not of what the order has become."""
    market = Market()
    order = market.buy("anna", 5, at=100, client_order_id="mine")
    market.amend(order, to=3, at=99)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(1)]
    market.buy("anna", 3, at=99, client_order_id="mine")
    assert market.refused == "client_order_id_reused"


def test_a_repeat_asks_for_nothing_so_no_limit_refuses_it() -> None:
    """It is answered before every other check: a full account, a changed listing, a passed expiry do not matter."""
    market = Market(max_open_orders=1)
    expires = market.time(10)
    market.buy("anna", 5, at=100, client_order_id="mine", time_in_force=GTD, expires=expires)
    market.list_instrument("ACME", min_quantity=units(50), max_open_orders=1)
    market.buy("anna", 5, at=100, client_order_id="mine", time_in_force=GTD, expires=expires)
    assert market.events == [Repeated(1)]
    market.wait(20)
    market.buy("anna", 5, at=100, client_order_id="mine", time_in_force=GTD, expires=expires)
    assert market.events == [Repeated(1)]


def test_a_post_only_order_may_be_repeated_when_the_market_has_moved() -> None:
    """It rests already; that it would take now is no matter."""
    market = Market()
    market.buy("anna", 5, at=100, client_order_id="mine", post_only=True)
    market.sell("boris", 5, at=100)
    market.sell("boris", 5, at=100)
    market.buy("anna", 5, at=100, client_order_id="mine", post_only=True)
    assert market.events == [Repeated(1)]


def test_a_refused_order_leaves_its_id_free() -> None:
    """Whatever refused it, the next order may take the name."""
    market = Market()
    market.sell("boris", 5, at=100)
    for terms in ({"at": "99.5"}, {"at": 99, "display": 90}, {"at": 100, "post_only": True}):
        market.buy("anna", 5, client_order_id="mine", **terms)
        assert market.refused != ""
        assert market.engine.find("anna", "ACME", "mine") is None
    market.buy("anna", 5, at=99, client_order_id="mine")
    assert market.story == ["2 accepted"]


def test_the_name_belongs_to_one_account_and_instrument() -> None:
    """Others, and the same account elsewhere, may use the same one."""
    market = Market()
    market.list_instrument("BETA")
    market.buy("anna", 5, at=100, client_order_id="mine")
    market.buy("boris", 6, at=100, client_order_id="mine")
    market.buy("anna", 7, at=100, client_order_id="mine", symbol="BETA")
    assert market.story == ["3 accepted"]
    found = [
        market.engine.find("anna", "ACME", "mine"),
        market.engine.find("boris", "ACME", "mine"),
        market.engine.find("anna", "BETA", "mine"),
    ]
    assert [order and order.order_id for order in found] == [1, 2, 3]
    assert market.engine.find("boris", "BETA", "mine") is None


def test_the_name_is_kept_for_a_day_after_the_end() -> None:
    """Then it is free for another order; an open order keeps its name for ever."""
    market = Market()
    order = market.buy("anna", 5, at=100, client_order_id="mine")
    market.wait(30 * DAY_SECONDS)
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(1)]

    market.cancel(order)
    market.later(DAY_SECONDS)
    market.now -= 1
    market.buy("anna", 5, at=100, client_order_id="mine")
    assert market.events == [Repeated(1)]

    market.now += 2
    market.buy("anna", 9, at=100, client_order_id="mine")
    assert market.story == ["2 accepted"]
    found = market.engine.find("anna", "ACME", "mine")
    assert found is not None
    assert found.order_id == 2


def test_the_memory_of_names_is_bounded() -> None:
    """Beyond the bound the order that ended first gives its name back first."""
    market = Market(ended_orders_max=2)
    for name in ("one", "two", "three"):
        market.buy("anna", 1, client_order_id=name)
    market.buy("anna", 1, client_order_id="three")
    assert market.events == [Repeated(3)]
    market.buy("anna", 2, client_order_id="two")
    assert market.refused == "client_order_id_reused"
    market.buy("anna", 2, client_order_id="one")
    assert market.story == ["4 accepted", "4 expired, 2 left: no_liquidity"]


def test_an_unknown_instrument_answers_before_a_repeat() -> None:
    """Names are per instrument, so the instrument is looked for first."""
    market = Market()
    market.buy("anna", 1, at=100, client_order_id="mine", symbol="GONE")
    assert market.refused == "unknown_instrument"


def test_display_equal_to_the_quantity_means_a_plain_order() -> None:
    """Both say the same, so one is a repeat of the other."""
    market = Market()
    market.buy("anna", 5, at=100, client_order_id="mine")
    market.buy("anna", 5, at=100, client_order_id="mine", display=5)
    assert market.events == [Repeated(1)]
