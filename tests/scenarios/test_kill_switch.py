"""The kill switch: of an account, of an instrument, of the whole exchange."""

from __future__ import annotations

from exchange.events import Rejected
from exchange.market_events import KillSwitchSet
from exchange.terms import AT_CLOSE, BUY, SELL
from tests.support.market import Market, units


def busy() -> Market:
    """Two instruments where anna and boris have orders."""
    market = Market()
    market.list_instrument("BETA")
    market.buy("anna", 1, at=90)
    market.sell("boris", 2, at=110)
    market.sell("anna", 3, at=111, symbol="BETA")
    market.buy("boris", 4, at=91, symbol="BETA")
    return market


def test_an_account_is_stopped_and_emptied() -> None:
    """All of its orders go, of every instrument, oldest first; others stay."""
    market = busy()
    market.kill("anna")
    assert market.story == ["1 canceled, 1 left: killed", "3 canceled, 3 left: killed", "anna stopped, 2 canceled"]
    assert market.events[-1] == KillSwitchSet("anna", "", active=True, count=2)
    market.buy("anna", 1, at=90)
    assert market.events == [Rejected("killed")]
    market.buy("anna", 1, at=90, symbol="BETA")
    assert market.refused == "killed"
    market.buy("carla", 1, at=90)
    assert market.refused == ""
    assert market.queue(SELL) == ["boris 2 @ 110"]


def test_it_stays_until_it_is_switched_off() -> None:
    """Killing twice is no fault; letting go is the end of it, and of one switch only."""
    market = busy()
    market.kill("anna")
    market.kill("anna")
    assert market.story == ["anna stopped, 0 canceled"]
    market.kill(symbol="ACME")
    market.revive("anna")
    assert market.story == ["anna goes on, 0 canceled"]
    market.buy("anna", 1, at=90)
    assert market.refused == "killed"
    market.revive(symbol="ACME")
    market.buy("anna", 1, at=90)
    assert market.refused == ""
    market.revive("anna")
    assert market.story == ["anna goes on, 0 canceled"]


def test_an_instrument_is_stopped_and_its_orders_stay() -> None:
    """Nobody may place or amend there, everybody cancel; other instruments go on."""
    market = busy()
    market.kill(symbol="ACME")
    assert market.story == ["ACME stopped, 0 canceled"]
    market.buy("carla", 1, at=90)
    assert market.refused == "killed"
    order = market.engine.orders[1]
    assert order.open_quantity
    market.buy("carla", 1, at=90, symbol="BETA")
    assert market.refused == ""
    assert market.queue(BUY) == ["anna 1 @ 90"]


def test_an_instrument_is_stopped_and_emptied() -> None:
    """With `cancel` all that rests there goes, whoever owns it."""
    market = busy()
    market.kill(symbol="ACME", cancel=True)
    assert market.story == ["1 canceled, 1 left: killed", "2 canceled, 2 left: killed", "ACME stopped, 2 canceled"]
    assert market.depth("BETA") == {"bids": ["4 @ 91"], "asks": ["3 @ 111"]}


def test_the_whole_exchange_is_stopped() -> None:
    """Every account, every instrument; with `cancel` nothing is left."""
    market = busy()
    market.kill()
    assert market.story == ["everything stopped, 0 canceled"]
    for symbol in ("ACME", "BETA"):
        market.buy("carla", 1, at=90, symbol=symbol)
        assert market.refused == "killed"
    market.kill(cancel=True)
    assert market.events[-1] == KillSwitchSet("", "", active=True, count=4)
    assert market.engine.open_orders("anna") == market.engine.open_orders("boris") == []
    market.revive()
    market.buy("carla", 1, at=90)
    assert market.refused == ""


def test_what_waits_unseen_goes_too() -> None:
    """Stops and orders for the closing call, in order of entry with the others."""
    market = Market()
    market.buy("anna", 1, stop=110)
    market.buy("anna", 2, at=90)
    market.buy("anna", 3, at=91, time_in_force=AT_CLOSE)
    market.kill("anna")
    killed = ["1 canceled, 1 left: killed", "2 canceled, 2 left: killed", "3 canceled, 3 left: killed"]
    assert market.story == [*killed, "anna stopped, 3 canceled"]
    assert market.engine.open_orders("anna") == []

    market.buy("boris", 4, stop=110)
    market.buy("boris", 5, at=91, time_in_force=AT_CLOSE)
    market.kill(cancel=True)
    assert market.story == [
        "4 canceled, 4 left: killed",
        "5 canceled, 5 left: killed",
        "everything stopped, 2 canceled",
    ]


def test_market_orders_in_a_call_go_too() -> None:
    """They are at no price, and gone all the same; nothing is left to uncross."""
    market = Market(reference_price=units(100))
    market.phase("auction")
    market.buy("anna", 5)
    market.sell("boris", 5, at=100)
    market.kill("anna")
    assert market.story == ["1 canceled, 5 left: killed", "anna stopped, 1 canceled"]
    assert market.indicated() == ""
    market.phase("continuous")
    assert market.tape == []


def test_calls_go_on() -> None:
    """A stopped instrument's call ends at its time, with what rests; its orders trade."""
    market = Market()
    market.phase("auction", "reopening", until=60)
    market.buy("anna", 5, at=101)
    market.sell("boris", 5, at=101)
    market.kill(symbol="ACME")
    market.sell("carla", 5, at=100)
    assert market.refused == "killed"
    market.wait(60)
    assert market.position("anna") == "5 at 101"
    assert market.stands() == "continuous"


def test_a_triggered_stop_is_refused() -> None:
    """It enters the market like a new order: while its instrument is stopped it may not."""
    market = Market()
    market.buy("anna", 1, stop=101)
    market.phase("auction", "reopening", until=60)
    market.buy("boris", 5, at=101)
    market.sell("carla", 5, at=101)
    market.kill(symbol="ACME")
    market.wait(60)
    assert market.story[-2:] == ["1 triggered", "1 refused, 1 left: killed"]


def test_amends_are_refused_and_cancels_work() -> None:
    """An order that rests in a stopped instrument may only leave."""
    market = Market()
    order = market.buy("anna", 5, at=90)
    market.kill(symbol="ACME")
    market.amend(order, to=4)
    assert market.refused == "killed"
    market.cancel(order)
    assert market.story == ["1 canceled, 5 left: requested"]
    market.cancel_all("anna")
    assert market.refused == ""


def test_a_repeat_is_answered_all_the_same() -> None:
    """The client learns what became of its order; a new one is refused and leaves its name free."""
    market = Market()
    market.buy("anna", 5, at=90, client_order_id="mine")
    market.kill("anna")
    market.buy("anna", 5, at=90, client_order_id="mine")
    assert market.story == ["1 repeated"]
    market.buy("anna", 5, at=90, client_order_id="other")
    assert market.refused == "killed"
    market.revive("anna")
    market.buy("anna", 6, at=90, client_order_id="other")
    assert market.story == ["2 accepted"]


def test_time_goes_on() -> None:
    """Expiries happen while everything is stopped."""
    market = Market()
    market.buy("anna", 5, at=90, time_in_force=4, expires=market.time(5))
    market.kill()
    market.wait(5)
    assert market.story == ["1 expired, 5 left: expired"]


def test_an_account_is_stopped_before_its_first_order() -> None:
    """The switch knows names, not orders."""
    market = Market()
    market.kill("nobody")
    market.buy("nobody", 1, at=90)
    assert market.refused == "killed"


def test_what_cannot_be_stopped() -> None:
    """An instrument that is not listed, and an account in one instrument: an account is stopped everywhere."""
    market = Market()
    market.kill(symbol="GONE")
    assert market.events == [Rejected("unknown_instrument", "symbol")]
    market.kill("anna", "ACME")
    assert market.events == [Rejected("bad_request", "symbol")]
    market.buy("anna", 1, at=90)
    assert market.refused == ""
