"""Rule 9: GTD orders expire by journal time; GTC and DAY orders stay while the instrument trades."""

from __future__ import annotations

import pytest

from exchange.commands import PlaceOrder
from exchange.terms import BUY, DAY, GTD, SELL
from exchange.units import SECOND
from tests.support.market import Market
from tests.support.words import OPENING


def test_it_expires_when_journal_time_reaches_its_time() -> None:
    """Not a nanosecond earlier, and exactly then."""
    market = Market()
    order = market.buy("anna", 5, at=100, time_in_force=GTD, expires=market.time(10))
    assert market.engine.next_due() == market.time(10)

    market.wait("9.999999999")
    assert market.story == []
    assert order.status == "open"

    market.wait("0.000000001")
    assert market.story == ["1 expired, 5 left: expired"]
    assert (order.status, order.reason, order.open) == ("expired", "expired", "0")
    assert order.order.updated == market.time(10)
    assert market.engine.next_due() == 0
    assert market.depth() == {"bids": [], "asks": []}


def test_the_next_command_finds_it_gone() -> None:
    """Without a tick the next command brings the time: expiry happens before it, in its own events."""
    market = Market()
    market.sell("anna", 5, at=100, time_in_force=GTD, expires=market.time(10))
    market.later(10)
    market.buy("boris", 5, at=100)
    assert market.story == ["1 expired, 5 left: expired", "2 accepted"]
    assert market.depth() == {"bids": ["5 @ 100"], "asks": []}


def test_a_refused_command_brings_the_time_too() -> None:
    """What is due happens whatever becomes of the command."""
    market = Market()
    order = market.sell("anna", 5, at=100, time_in_force=GTD, expires=market.time(10))
    market.later(10)
    market.cancel(order)
    assert market.story == ["1 expired, 5 left: expired", "rejected order_done order_id"]


def test_they_expire_in_order_of_due_time() -> None:
    """Whatever order they came in, in whatever instrument; orders due at one time by entry."""
    market = Market()
    market.list_instrument("BETA")
    for seconds, symbol in ((30, "ACME"), (10, "BETA"), (20, "ACME"), (20, "BETA"), (40, "ACME")):
        market.buy("anna", seconds, at=100, symbol=symbol, time_in_force=GTD, expires=market.time(seconds))
    assert market.engine.next_due() == market.time(10)
    market.wait(30)
    assert market.story == [
        "2 expired, 10 left: expired",
        "3 expired, 20 left: expired",
        "4 expired, 20 left: expired",
        "1 expired, 30 left: expired",
    ]
    assert market.engine.next_due() == market.time(40)


def test_an_ended_order_is_not_due_any_more() -> None:
    """Canceled and filled orders do not expire, and the next timer is another's."""
    market = Market()
    canceled = market.buy("anna", 5, at=100, time_in_force=GTD, expires=market.time(10))
    market.buy("anna", 5, at=101, time_in_force=GTD, expires=market.time(20))
    market.buy("anna", 5, at=99, time_in_force=GTD, expires=market.time(30))
    market.cancel(canceled)
    assert market.engine.next_due() == market.time(20)
    market.sell("boris", 5, at=101)
    assert market.engine.next_due() == market.time(30)
    market.wait(25)
    assert market.story == []


def test_an_amended_expiry_replaces_the_old_one() -> None:
    """Neither a prolonged nor a shortened order remembers its first time."""
    market = Market()
    longer = market.buy("anna", 5, at=100, time_in_force=GTD, expires=market.time(10))
    shorter = market.buy("anna", 5, at=101, time_in_force=GTD, expires=market.time(100))
    market.amend(longer, expires=market.time(50))
    market.amend(shorter, expires=market.time(20))
    assert market.engine.next_due() == market.time(20)
    market.wait(10)
    assert market.story == []
    market.wait(10)
    assert market.story == ["2 expired, 5 left: expired"]
    market.wait(30)
    assert market.story == ["1 expired, 5 left: expired"]


def test_a_partly_filled_order_expires_with_its_rest() -> None:
    """What has traded stays traded; an iceberg's reserve expires with it."""
    market = Market()
    order = market.buy("anna", 30, at=100, display=10, time_in_force=GTD, expires=market.time(10))
    market.sell("boris", 12, at=100)
    market.wait(10)
    assert market.story == ["1 expired, 18 left: expired"]
    assert (order.status, order.filled) == ("expired", "12")


@pytest.mark.parametrize("seconds", [0, -1])
def test_an_expiry_lies_after_journal_time(seconds: int) -> None:
    """Now is too late already."""
    market = Market()
    market.buy("anna", 5, at=100, time_in_force=GTD, expires=market.time(seconds))
    assert market.refused == "bad_expires"
    market.buy("anna", 5, at=100, time_in_force=GTD, expires=market.time(0) + 1)
    assert market.refused == ""


@pytest.mark.parametrize("time_in_force", [0, DAY])
def test_gtc_and_day_orders_stay(time_in_force: int) -> None:
    """Time alone ends neither while the instrument is continuous."""
    market = Market()
    market.buy("anna", 5, at=100, time_in_force=time_in_force)
    market.wait(30 * 24 * 3_600)
    assert market.story == []
    assert market.queue(BUY) == ["anna 5 @ 100"]


def test_events_of_many_that_are_due_come_before_an_incoming_order_matches() -> None:
    """The incoming order meets only what is still alive."""
    market = Market()
    market.sell("anna", 5, at=100, time_in_force=GTD, expires=market.time(1))
    market.sell("boris", 5, at=101, time_in_force=GTD, expires=market.time(2))
    market.sell("carla", 5, at=102)
    market.later(1)
    market.buy("dora", 7, at=102)
    assert market.story == [
        "1 expired, 5 left: expired",
        "4 accepted",
        "4 trades 5 @ 101 with 2",
        "4 trades 2 @ 102 with 3",
    ]
    assert market.queue(SELL) == ["carla 3 @ 102"]


def test_an_order_command_keeps_its_expiry_in_its_report() -> None:
    """The accepted event holds the command as it was sent."""
    market = Market()
    market.buy("anna", 5, at=100, time_in_force=GTD, expires=OPENING + 9 * SECOND)
    accepted = market.events[0]
    assert isinstance(getattr(accepted, "order", None), PlaceOrder)
    assert market.engine.orders[1].expires == OPENING + 9 * SECOND
