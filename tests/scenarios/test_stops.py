"""Rule 6: stop orders wait unseen, and become market or limit orders when the last trade reaches them."""

from __future__ import annotations

import pytest

from exchange.terms import DAY, FOK, GTD, IOC
from exchange.units import UNIT
from tests.support.market import Market, Terms, trade_at, traded_at


def test_a_stop_waits_unseen() -> None:
    """It is pending, and neither in the book nor met by anybody."""
    market = traded_at(100)
    stop = market.buy("anna", 5, stop=105)
    assert market.story == ["3 accepted"]
    assert (stop.status, stop.open, stop.shown) == ("pending_trigger", "5", "0")
    assert market.engine.changes == []
    assert market.depth() == {"bids": [], "asks": []}
    market.sell("boris", 5)
    assert market.story == ["4 accepted", "4 expired, 5 left: no_liquidity"]


def test_a_buy_is_triggered_by_a_trade_at_its_price_or_above() -> None:
    """Not by one below; then it takes what there is as a market order."""
    market = traded_at(100)
    stop = market.buy("anna", 5, stop=105)
    trade_at(market, 104)
    assert stop.status == "pending_trigger"
    market.sell("boris", 9, at=107)
    market.sell("zoe", 1, at=105)
    market.buy("yan", 1, at=105)
    assert market.story == ["8 accepted", "8 trades 1 @ 105 with 7", "3 triggered", "3 trades 5 @ 107 with 6"]
    assert stop.status == "filled"


def test_a_sell_is_triggered_by_a_trade_at_its_price_or_below() -> None:
    """As a stop-limit it rests at its limit when nobody meets it."""
    market = traded_at(100)
    stop = market.sell("anna", 5, at=94, stop=95)
    trade_at(market, 96)
    assert stop.status == "pending_trigger"
    trade_at(market, 95)
    assert market.story[-1] == "3 triggered"
    assert stop.status == "open"
    assert market.depth() == {"bids": [], "asks": ["5 @ 94"]}


def test_a_triggered_market_stop_does_not_rest() -> None:
    """What it does not find expires."""
    market = traded_at(100)
    market.buy("anna", 5, stop=105)
    trade_at(market, 106)
    assert market.story[-2:] == ["3 triggered", "3 expired, 5 left: no_liquidity"]


@pytest.mark.parametrize(
    ("time_in_force", "left"), [(IOC, "3 expired, 3 left: no_liquidity"), (FOK, None), (DAY, None)]
)
def test_a_triggered_stop_keeps_its_time_in_force(time_in_force: int, left: str | None) -> None:
    """IOC fills what it can, FOK all or nothing, anything else rests."""
    market = traded_at(100)
    stop = market.buy("anna", 5, at=110, stop=105, time_in_force=time_in_force)
    market.sell("boris", 2, at=108)
    trade_at(market, 105)
    if time_in_force == FOK:
        assert market.story[-2:] == ["3 triggered", "3 expired, 5 left: no_liquidity"]
    else:
        assert market.story[-1] == (left or "3 trades 2 @ 108 with 4")
        assert stop.filled == "2"


def test_one_that_would_trigger_at_once_is_refused() -> None:
    """In continuous trading; at the last price it would already."""
    market = traded_at(100)
    market.buy("anna", 5, stop=100)
    assert market.refused == "would_trigger"
    market.sell("anna", 5, stop=100)
    assert market.refused == "would_trigger"
    market.sell("anna", 5, at=90, stop=101)
    assert market.refused == "would_trigger"
    market.buy("anna", 5, stop=101)
    market.sell("anna", 5, stop=99)
    assert market.refused == ""


def test_without_a_trade_nothing_triggers() -> None:
    """Neither quotes nor the listing's reference price do."""
    market = Market(reference_price=100 * UNIT)
    stop = market.buy("anna", 5, stop=90)
    market.buy("boris", 5, at=95)
    market.sell("carla", 5, at=96)
    assert stop.status == "pending_trigger"


def test_in_a_call_one_that_would_trigger_is_taken() -> None:
    """And looked at when continuous trading begins, after an uncross or without one."""
    market = traded_at(100)
    market.phase("auction")
    market.sell("zoe", 5, at=103)
    stop = market.buy("anna", 5, stop=100)
    assert (market.refused, stop.status) == ("", "pending_trigger")
    market.phase("continuous")
    assert market.story == ["ACME continuous", "4 triggered", "4 trades 5 @ 103 with 3"]


def test_an_indicative_price_triggers_nothing_an_uncross_price_does() -> None:
    """In the next continuous phase: not while closed."""
    market = traded_at(100)
    stop = market.buy("anna", 5, at=120, stop=110)
    market.phase("auction", "closing")
    market.buy("boris", 5, at=110)
    market.sell("carla", 5, at=110)
    assert market.indicated() == "5 @ 110"
    assert stop.status == "pending_trigger"
    market.phase("closed")
    assert market.tape[-1] == "boris and carla cross 5 at 110"
    assert stop.status == "pending_trigger"
    market.phase("auction")
    market.phase("continuous")
    assert market.story == ["ACME continuous", "3 triggered"]


def test_all_that_hold_at_a_check_go_in_the_direction_of_travel() -> None:
    """Buys from the lowest stop price up, at one price by entry; the incoming order has finished before."""
    market = traded_at(100)
    for name, price in (("late", 104), ("first", 102), ("second", 102), ("never", 109), ("mid", 103)):
        market.buy(name, 1, at=90, stop=price)
    market.sell("zoe", 2, at=104)
    market.sell("zoe", 3, at=105)
    market.buy("yan", 5, at=105)
    assert market.story == [
        "10 accepted",
        "10 trades 2 @ 104 with 8",
        "10 trades 3 @ 105 with 9",
        "4 triggered",
        "5 triggered",
        "7 triggered",
        "3 triggered",
    ]


def test_the_example_of_the_rules() -> None:
    """What one of them triggers comes after all that were taken with it."""
    market = traded_at(100)
    market.buy("b1", 1, stop=105)
    market.buy("b2", 1, stop=102)
    market.buy("b3", 1, stop=103)
    for price in (104, 106, 107, 108):
        market.sell("zoe", 1, at=price)
    market.buy("yan", 1, at=104)
    assert [line for line in market.story if "triggered" in line] == ["4 triggered", "5 triggered", "3 triggered"]
    assert market.tape[-3:] == [
        "b2 buys 1 from zoe at 106",
        "b3 buys 1 from zoe at 107",
        "b1 buys 1 from zoe at 108",
    ]


def test_sells_go_from_the_highest_stop_price_down() -> None:
    """A falling price meets the highest first."""
    market = traded_at(100)
    for name, price in (("low", 95), ("high", 98), ("mid", 96)):
        market.sell(name, 1, at=120, stop=price)
    trade_at(market, 90)
    assert market.story[-3:] == ["4 triggered", "5 triggered", "3 triggered"]


def test_each_is_executed_though_the_price_has_moved_back() -> None:
    """All that hold at one check are taken: the first sells at 90, and the buy goes on that 100 had triggered."""
    market = traded_at(101, 100)
    market.buy("low", 1, at=90)
    market.sell("high", 1, at=110)
    market.phase("auction")
    market.sell("seller", 1, stop=100)
    market.buy("buyer", 1, stop=100)
    market.phase("continuous")
    assert market.story == [
        "ACME continuous",
        "7 triggered",
        "7 trades 1 @ 90 with 5",
        "8 triggered",
        "8 trades 1 @ 110 with 6",
    ]


def test_a_cascade_runs_until_nothing_is_left() -> None:
    """Each trade of a triggered order may trigger the next, within one command."""
    market = traded_at(100)
    for price in (101, 102, 103):
        market.sell("zoe", 1, at=price + 1)
        market.buy(f"stop{price}", 1, stop=price)
    market.sell("zoe", 1, at=101)
    market.buy("yan", 1, at=101)
    assert market.story == [
        "10 accepted",
        "10 trades 1 @ 101 with 9",
        "4 triggered",
        "4 trades 1 @ 102 with 3",
        "6 triggered",
        "6 trades 1 @ 103 with 5",
        "8 triggered",
        "8 trades 1 @ 104 with 7",
    ]
    assert market.tape[-3:] == [
        "stop101 buys 1 from zoe at 102",
        "stop102 buys 1 from zoe at 103",
        "stop103 buys 1 from zoe at 104",
    ]


def both_sides_at(market: Market) -> None:
    """In a call, enter a sell and then a buy that both hold at a last price of 100."""
    market.phase("auction")
    market.sell("seller", 1, at=120, stop=100)
    market.buy("buyer", 1, at=80, stop=100)


@pytest.mark.parametrize(
    ("prices", "first"),
    [((100,), "buyer"), ((101, 100), "seller"), ((99, 100), "buyer"), ((100, 100), "buyer")],
)
def test_both_sides_at_once_go_by_the_last_move(prices: tuple[int, ...], first: str) -> None:
    """The side of the last price's move first; buys when it did not move."""
    market = traded_at(*prices)
    both_sides_at(market)
    market.phase("continuous")
    triggered = [int(line.split()[0]) for line in market.story if line.endswith("triggered")]
    assert market.accounts[triggered[0]] == first
    assert len(triggered) == 2


def test_after_an_uncross_buys_go_first() -> None:
    """Even if the uncross price lies below the price before."""
    market = traded_at(101)
    both_sides_at(market)
    market.buy("boris", 1, at=100)
    market.sell("carla", 1, at=100)
    market.phase("continuous")
    triggered = [line for line in market.story if line.endswith("triggered")]
    assert triggered == ["4 triggered", "3 triggered"]


# Amended and ended


def test_its_stop_price_may_be_amended() -> None:
    """Within the checks of a new one; nothing happens to it but that."""
    market = traded_at(100)
    stop = market.buy("anna", 5, stop=105)
    market.amend(stop, stop=102)
    assert market.story == ["3 amended to 5 @ 0, 5 open: requested"]
    market.amend(stop, stop=102)
    assert market.refused == "no_change"
    market.amend(stop, stop=100)
    assert market.refused == "would_trigger"
    market.amend(stop, stop="102.5")
    assert market.refused == "price_off_tick"
    market.amend(stop, at=103)
    assert market.refused == "bad_request"
    market.amend(stop, display=1)
    assert market.refused == "bad_request"
    trade_at(market, 102)
    assert stop.status == "expired"


def test_a_triggered_order_has_no_stop_price_to_amend() -> None:
    """It is an order like any other."""
    market = traded_at(100)
    stop = market.buy("anna", 5, at=101, stop=105)
    trade_at(market, 105)
    market.amend(stop, stop=120)
    assert market.refused == "bad_request"
    market.amend(stop, at=99)
    assert market.depth()["bids"] == ["5 @ 99"]


@pytest.mark.parametrize(
    ("terms", "keeps"),
    [
        ({"to": 9}, True),
        ({"to": 3}, True),
        ({"expires": 200}, True),
        ({"to": 11}, False),
        ({"at": 121}, False),
        ({"display": 5}, False),
        ({"display": 10}, False),
    ],
)
def test_a_waiting_stop_loses_its_place_on_any_change_but_two(terms: dict[str, Terms], keeps: bool) -> None:
    """Quantity down and expiry keep it; anything else puts it behind its equals."""
    market = traded_at(100)
    terms = {name: market.time(value) if name == "expires" else value for name, value in terms.items()}
    anna = market.buy("anna", 10, at=120, stop=105, display=4, time_in_force=GTD, expires=market.time(100))
    market.buy("boris", 10, at=120, stop=105)
    market.amend(anna, **terms)
    assert market.refused == ""
    trade_at(market, 105)
    triggered = [line for line in market.story if line.endswith("triggered")]
    assert triggered == (["3 triggered", "4 triggered"] if keeps else ["4 triggered", "3 triggered"])


def test_one_that_moves_there_and_back_is_behind() -> None:
    """Two changes of the stop price leave it where it was and cost it its place."""
    market = traded_at(100)
    anna = market.buy("anna", 1, at=90, stop=105)
    market.buy("boris", 1, at=90, stop=105)
    market.amend(anna, stop=106)
    market.amend(anna, stop=105)
    trade_at(market, 105)
    assert market.story[-2:] == ["4 triggered", "3 triggered"]


def test_a_waiting_stop_can_be_canceled_and_expires() -> None:
    """By its owner, with all others, and when its time has come."""
    market = traded_at(100)
    one = market.buy("anna", 1, stop=105)
    market.buy("anna", 2, stop=105)
    market.buy("anna", 3, stop=106, time_in_force=GTD, expires=market.time(5))
    market.cancel(one)
    assert market.story == ["3 canceled, 1 left: requested"]
    market.wait(5)
    assert market.story == ["5 expired, 3 left: expired"]
    market.cancel_all("anna")
    assert market.story == ["4 canceled, 2 left: requested", "anna canceled all: 1"]
    trade_at(market, 110)
    assert market.story[-1].endswith("trades 1 @ 110 with 6")
