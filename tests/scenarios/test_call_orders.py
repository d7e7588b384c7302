"""Orders in calls: market orders that rest, at-open and at-close, post-only, and what is left of them at the end."""

from __future__ import annotations

import pytest

from exchange.commands import Configure
from exchange.terms import AT_CLOSE, AT_OPEN, BUY, DAY, GTD, SELL
from exchange.units import SECOND
from tests.support.market import Market, Terms, Ticket


def in_call(kind: str = "opening") -> Market:
    """A market in a call."""
    market = Market()
    market.phase("auction", kind)
    return market


def test_market_orders_rest_in_a_call_unseen() -> None:
    """They are open, show nothing, and are neither in the book nor in what market data is made from."""
    market = in_call()
    order = market.buy("anna", 5)
    assert (order.status, order.open, order.shown) == ("open", "5", "0")
    assert market.engine.changes == []
    assert market.depth() == {"bids": [], "asks": []}
    market.cancel(order)
    assert market.story == ["1 canceled, 5 left: requested"]
    assert market.engine.changes == []


def test_a_market_order_in_a_call_may_be_amended() -> None:
    """Its quantity: down it keeps its place, up it loses it. It has no price and shows no part."""
    market = in_call()
    first = market.buy("anna", 5)
    market.buy("boris", 5)
    market.amend(first, to=4)
    assert market.story == ["1 amended to 4 @ 0, 4 open: requested"]
    changes: list[dict[str, Terms]] = [{"at": 100}, {"display": 2}, {"stop": 100}]
    for terms in changes:
        market.amend(first, **terms)
        assert market.refused == "bad_request"
    market.sell("carla", 1, at=100)
    market.phase("continuous")
    assert market.tape == ["anna and carla cross 1 at 100"]

    market = in_call()
    first = market.buy("anna", 5)
    market.buy("boris", 5)
    market.amend(first, to=6)
    market.sell("carla", 1, at=100)
    market.phase("continuous")
    assert market.tape == ["boris and carla cross 1 at 100"]


@pytest.mark.parametrize("phase", ["continuous", "closed"])
def test_market_and_at_open_orders_that_are_left_expire(phase: str) -> None:
    """On entering continuous or closed, in order of entry; one that traded in part too."""
    market = in_call()
    market.buy("anna", 5, at=100, time_in_force=AT_OPEN)
    market.buy("boris", 5)
    market.buy("carla", 5, at=99)
    market.buy("dora", 5, time_in_force=AT_OPEN)
    market.sell("emil", 7, at=98)
    market.phase(phase)
    assert market.story[:2] == ["2 trades 5 @ 100 with 5", "4 trades 2 @ 100 with 5"]
    assert market.story[2:4] == ["1 expired, 5 left: auction_ended", "4 expired, 3 left: auction_ended"]
    assert market.depth()["bids"] == ["5 @ 99"]


@pytest.mark.parametrize("phase", ["pre_open", "cancel_only", "auction", "halted"])
def test_they_stay_where_nothing_is_uncrossed(phase: str) -> None:
    """And take part in the next uncross."""
    market = in_call()
    market.buy("anna", 5, at=100, time_in_force=AT_OPEN)
    market.buy("boris", 5)
    market.phase(phase)
    assert [order.open_quantity > 0 for order in market.engine.orders.values()] == [True, True]
    market.phase("auction", "opening", lift=True)
    market.sell("carla", 10, at=100)
    market.phase("continuous")
    assert market.tape == ["boris and carla cross 5 at 100", "anna and carla cross 5 at 100"]


def test_at_open_orders_are_in_the_book() -> None:
    """They are limit orders like others as long as the call goes on."""
    market = Market()
    market.phase("pre_open")
    market.buy("anna", 5, at=100, time_in_force=AT_OPEN)
    assert market.depth()["bids"] == ["5 @ 100"]


def test_at_close_orders_wait_unseen_for_the_closing_call() -> None:
    """In continuous trading nobody meets them; in the call they are in the book, at the time of their entry."""
    market = Market()
    market.buy("early", 1, at=100)
    close = market.buy("anna", 5, at=100, time_in_force=AT_CLOSE)
    assert (close.status, close.open, close.shown) == ("open", "5", "0")
    assert market.engine.changes == []
    market.buy("late", 2, at=100)
    market.buy("market", 3, time_in_force=AT_CLOSE)
    assert market.queue(BUY) == ["early 1 @ 100", "late 2 @ 100"]
    market.sell("seller", 1, at=100)
    assert market.tape == ["seller sells 1 to early at 100"]

    market.phase("auction", "closing")

    assert market.queue(BUY) == ["anna 5 @ 100", "late 2 @ 100"]
    assert [change[1:3] for change in market.engine.changes] == [(2, 3), (0, 2), (0, 3)]  # late closes and opens anew
    market.sell("seller", 9, at=90)
    market.phase("closed")
    assert market.tape[1:] == [
        "market and seller cross 3 at 100",
        "anna and seller cross 5 at 100",
        "late and seller cross 1 at 100",
    ]


def test_at_close_market_orders_join_at_the_time_of_their_entry() -> None:
    """Before a market order that came in the call, though the call began in between."""
    market = Market()
    market.buy("anna", 5, time_in_force=AT_CLOSE)
    market.phase("auction", "closing")
    market.buy("boris", 5)
    market.sell("carla", 6, at=100)
    market.phase("closed")
    assert market.tape == ["anna and carla cross 5 at 100", "boris and carla cross 1 at 100"]


@pytest.mark.parametrize("kind", ["opening", "volatility", "reopening", "operator"])
def test_at_close_orders_are_for_no_other_call(kind: str) -> None:
    """They are taken in any, wait unseen, and survive it."""
    market = Market()
    market.buy("anna", 5, at=100, time_in_force=AT_CLOSE)
    market.phase("auction", kind)
    market.buy("boris", 5, at=100, time_in_force=AT_CLOSE)
    market.sell("carla", 5, at=100)
    market.phase("continuous")
    assert market.tape == []
    assert market.depth() == {"bids": [], "asks": ["5 @ 100"]}
    market.phase("auction", "closing")
    market.phase("closed")
    assert market.tape == ["anna and carla cross 5 at 100"]


@pytest.mark.parametrize("phase", ["closed", "continuous"])
def test_at_close_orders_left_after_their_call_expire(phase: str) -> None:
    """Whether it ends closed or goes on in continuous trading."""
    market = Market()
    market.buy("anna", 5, at=100, time_in_force=AT_CLOSE)
    market.phase("auction", "closing")
    market.buy("boris", 5, at=100, time_in_force=AT_CLOSE)
    market.phase(phase)
    assert market.story == [
        "1 expired, 5 left: auction_ended",
        "2 expired, 5 left: auction_ended",
        f"ACME {phase}",
    ]


def test_at_close_orders_whose_call_never_came_end_with_the_day() -> None:
    """Closing without a call; a market order among them too."""
    market = Market()
    market.buy("anna", 5, at=100, time_in_force=AT_CLOSE)
    market.buy("boris", 5, time_in_force=AT_CLOSE)
    market.phase("closed")
    assert market.story == ["1 expired, 5 left: day_ended", "2 expired, 5 left: day_ended", "ACME closed"]


def test_a_waiting_at_close_order_is_amended_like_any_other() -> None:
    """Quantity down keeps its time, a new price loses it; it goes on waiting."""
    market = Market()
    anna = market.buy("anna", 5, at=100, time_in_force=AT_CLOSE)
    boris = market.buy("boris", 5, at=100, time_in_force=AT_CLOSE)
    market.buy("carla", 5, at=100, time_in_force=AT_CLOSE)
    market.amend(anna, to=4)
    market.amend(boris, to=6)
    assert market.depth()["bids"] == []
    market.sell("seller", 5, at=90)
    market.phase("auction", "closing")
    assert market.queue(BUY) == ["anna 4 @ 100", "carla 5 @ 100", "boris 6 @ 100"]


def test_a_waiting_at_close_order_can_be_canceled() -> None:
    """One by one and all at once."""
    market = Market()
    one = market.buy("anna", 5, at=100, time_in_force=AT_CLOSE)
    market.buy("anna", 5, time_in_force=AT_CLOSE)
    market.cancel(one)
    market.cancel_all("anna")
    assert market.story == ["2 canceled, 5 left: requested", "anna canceled all: 1"]
    market.phase("auction", "closing")
    assert market.queue(BUY) == []


def test_post_only_may_rest_through_a_call() -> None:
    """It is judged neither at entry nor when amended, and trades in the uncross like any limit."""
    market = in_call()
    market.sell("anna", 5, at=100)
    bid = market.buy("boris", 3, at=101, post_only=True)
    assert market.refused == ""
    market.amend(bid, at=102)
    assert market.refused == ""
    market.phase("continuous")
    assert market.tape == ["boris and anna cross 3 at 100"]


def test_post_only_at_close_is_not_judged_at_entry() -> None:
    """It takes nothing now, whatever it crosses; an amend of it is not judged either."""
    market = Market()
    market.sell("anna", 5, at=100)
    order = market.buy("boris", 3, at=101, post_only=True, time_in_force=AT_CLOSE)
    assert market.refused == ""
    market.amend(order, at=102)
    assert market.refused == ""
    market.buy("carla", 3, at=101, post_only=True)
    assert market.refused == "would_take"


def test_an_amend_in_a_call_keeps_and_loses_places() -> None:
    """As in continuous trading, without trading."""
    market = in_call()
    anna = market.sell("anna", 5, at=100)
    boris = market.sell("boris", 5, at=100)
    market.sell("carla", 5, at=100)
    market.buy("dora", 20, at=101)
    market.amend(anna, to=3)
    market.amend(boris, to=7)
    assert market.queue(SELL) == ["anna 3 @ 100", "carla 5 @ 100", "boris 7 @ 100"]
    assert market.indicated() == "15 @ 101, 5 to buy"


def test_priority_and_expiry_survive_calls_and_nights() -> None:
    """GTC keeps its place over a closed night; GTD expires when its time comes, in any phase."""
    market = Market()
    market.buy("anna", 1, at=100)
    market.buy("boris", 2, at=100, time_in_force=GTD, expires=market.time(50))
    market.buy("carla", 3, at=100, time_in_force=DAY)
    market.buy("dora", 4, at=100, time_in_force=GTD, expires=market.time(100))
    market.phase("auction", "closing", until=10)
    market.wait(20)
    market.wait(40)
    assert market.story == ["2 expired, 2 left: expired"]
    market.phase("pre_open")
    market.buy("emil", 5, at=100)
    market.phase("auction")
    market.phase("continuous")
    assert market.queue(BUY) == ["anna 1 @ 100", "dora 4 @ 100", "emil 5 @ 100"]


def test_the_indication_follows_every_change() -> None:
    """Orders that come, shrink, move and go; market orders too."""
    market = in_call()
    told = [market.indicated()]
    bid = market.buy("anna", 5, at=101)
    told.append(market.indicated())
    market.sell("boris", 3, at=100)
    told.append(market.indicated())
    market.amend(bid, to=2)
    told.append(market.indicated())
    taker = market.buy("carla", 4)
    told.append(market.indicated())
    market.amend(bid, at=99)
    told.append(market.indicated())
    market.cancel(taker)
    told.append(market.indicated())
    assert told == [
        "",
        "",
        "3 @ 101, 2 to buy",
        "2 @ 100, 1 to sell",
        "3 @ 101, 3 to buy",
        "3 @ 100, 1 to buy",
        "",
    ]


def joined_closing_call() -> tuple[Market, Ticket]:
    """A closing call in which anna's at-close bid of 7@95 stands in the book, and her ticket."""
    market = Market()
    anna = market.buy("anna", 7, at=95, time_in_force=AT_CLOSE)
    market.phase("auction", "closing")
    assert market.queue(BUY) == ["anna 7 @ 95"]
    return market, anna


@pytest.mark.parametrize("lifted_into", ["auction", "pre_open"])
def test_an_order_that_is_in_the_book_stays_in_it(lifted_into: str) -> None:
    """Amended in whatever follows its closing call it loses its place and no more, and takes part in the uncross."""
    market, anna = joined_closing_call()
    market.phase("halted")
    market.phase(lifted_into, lift=True)
    market.buy("boris", 5, at=95)
    late = market.buy("carla", 5, at=95, time_in_force=AT_CLOSE)
    assert late.shown == "0"

    market.amend(anna, to=25)

    assert market.queue(BUY) == ["boris 5 @ 95", "anna 25 @ 95"]
    market.sell("dora", 30, at=95)
    market.phase("continuous")
    assert market.tape == ["boris and dora cross 5 at 95", "anna and dora cross 25 at 95"]
    assert late.status == "open"


def test_what_is_left_of_it_expires_as_that_of_any_call() -> None:
    """It has had its call: `auction_ended`, not `day_ended`."""
    market, anna = joined_closing_call()
    market.phase("auction", "reopening")
    market.amend(anna, at=96)
    market.phase("closed")
    assert market.story == ["1 expired, 7 left: auction_ended", "ACME closed"]


def test_a_waiting_order_goes_on_waiting_in_another_call() -> None:
    """It has not joined anything, whatever is changed of it."""
    market = Market()
    anna = market.buy("anna", 7, at=95, time_in_force=AT_CLOSE)
    market.phase("auction", "reopening")
    market.amend(anna, to=25)
    assert market.queue(BUY) == []
    market.phase("auction", "closing")
    assert market.queue(BUY) == ["anna 25 @ 95"]


def test_by_version_2_it_leaves_the_book() -> None:
    """As a journal of that version has it: the amended order waits for a closing call that has been."""
    market, anna = joined_closing_call()
    market.apply(Configure(2, 10_000, 1_000, 5 * SECOND))
    market.phase("auction", "reopening")
    market.amend(anna, to=25)
    assert market.queue(BUY) == []
