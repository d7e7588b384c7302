"""The phases of the trading day: what may be done in each, and what happens on the way from one to another."""

from __future__ import annotations

import pytest

from exchange.terms import AT_CLOSE, AT_OPEN, DAY, FOK, GTD, IOC
from tests.support.market import Market, Terms

PHASES = ("closed", "pre_open", "auction", "continuous", "halted", "cancel_only")

TERMS: dict[str, Terms] = {
    "limit": {"at": 100},
    "market": {},
    "post_only": {"at": 100, "post_only": True},
    "iceberg": {"at": 100, "display": 5},
    "stop": {"stop": 120},
    "stop_limit": {"stop": 120, "at": 121},
    "day": {"at": 100, "time_in_force": DAY},
    "ioc": {"at": 100, "time_in_force": IOC},
    "fok": {"at": 100, "time_in_force": FOK},
    "stop_ioc": {"stop": 120, "time_in_force": IOC},
    "at_open": {"at": 100, "time_in_force": AT_OPEN},
    "at_close": {"at": 100, "time_in_force": AT_CLOSE},
    "market_at_open": {"time_in_force": AT_OPEN},
    "market_at_close": {"time_in_force": AT_CLOSE},
}

AT_ONCE = ("ioc", "fok", "stop_ioc")
AT_OPENS = ("at_open", "market_at_open")


def in_phase(phase: str, kind: str = "") -> Market:
    """A market that has traded at 110, has a bid of zoe's, and is now in the phase."""
    market = Market()
    market.sell("zoe", 1, at=110)
    market.buy("yan", 1, at=110)
    market.buy("zoe", 10, at=90)
    if phase != "continuous":
        market.phase(phase, kind)
    return market


@pytest.mark.parametrize("name", TERMS)
@pytest.mark.parametrize("phase", PHASES)
def test_what_may_be_placed(phase: str, name: str) -> None:
    """Nothing while closed, halted or cancel-only; in calls all that can wait; in continuous all but at-open."""
    market = in_phase(phase)
    order = market.buy("anna", 10, **({"at": None} | TERMS[name]))

    if phase in ("closed", "halted", "cancel_only"):
        expected = "wrong_phase"
    elif phase == "continuous":
        expected = "not_allowed_in_phase" if name in AT_OPENS else ""
    elif name in AT_ONCE or (name in AT_OPENS and phase == "auction"):
        expected = "not_allowed_in_phase"  # The auction is a closing call: it was continuous before.
    else:
        expected = ""
    assert market.refused == expected
    assert (order.order_id > 0) == (expected == "")


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("opening", ""),
        ("closing", "not_allowed_in_phase"),
        ("volatility", "not_allowed_in_phase"),
        ("reopening", "not_allowed_in_phase"),
        ("operator", "not_allowed_in_phase"),
    ],
)
def test_at_open_is_for_the_opening_call(kind: str, code: str) -> None:
    """And for pre-open before it; no other call takes it."""
    market = in_phase("auction", kind)
    market.buy("anna", 10, at=100, time_in_force=AT_OPEN)
    assert market.refused == code


@pytest.mark.parametrize("phase", PHASES)
def test_cancels_always_work(phase: str) -> None:
    """In any phase, of one order and of all."""
    market = Market()
    first = market.buy("anna", 10, at=90)
    market.buy("anna", 10, at=91)
    market.phase(phase)
    market.cancel(first)
    assert market.story == ["1 canceled, 10 left: requested"]
    market.cancel_all("anna")
    assert market.story == ["2 canceled, 10 left: requested", "anna canceled all: 1"]


@pytest.mark.parametrize("phase", PHASES)
def test_amends_are_for_where_orders_are_taken(phase: str) -> None:
    """Refused while closed, halted or cancel-only, and the order stays as it was."""
    market = Market()
    order = market.buy("anna", 10, at=90)
    market.phase(phase)
    market.amend(order, to=5)
    closed = phase in ("closed", "halted", "cancel_only")
    assert market.refused == ("wrong_phase" if closed else "")
    assert order.open == ("10" if closed else "5")


@pytest.mark.parametrize("phase", ["pre_open", "auction"])
def test_orders_only_collect_before_an_uncross(phase: str) -> None:
    """They cross and do not trade; an amended one does not either."""
    market = Market()
    market.phase(phase)
    bid = market.buy("anna", 10, at=99)
    market.sell("boris", 10, at=100)
    market.amend(bid, at=105)
    assert market.story == ["1 amended to 10 @ 105, 10 open: requested"]
    assert market.depth() == {"bids": ["10 @ 105"], "asks": ["10 @ 100"]}
    assert market.tape == []


def crossed(phase: str) -> Market:
    """Anna's bid and boris's ask cross in the phase, in which they stay."""
    market = Market()
    market.phase("auction")
    market.buy("anna", 5, at=101)
    market.sell("boris", 5, at=101)
    if phase != "auction":
        market.phase(phase)
    return market


@pytest.mark.parametrize("phase", ["pre_open", "auction", "cancel_only"])
def test_entering_continuous_uncrosses_from_any_phase(phase: str) -> None:
    """What crosses trades first, so that trading begins with a book that is not crossed."""
    market = crossed(phase)
    market.phase("continuous", reason="go on")
    assert market.story == ["1 trades 5 @ 101 with 2", "ACME continuous: go on"]


def test_entering_continuous_from_closed_uncrosses() -> None:
    """Orders that were left crossed in a pre-open that was closed trade when trading begins."""
    market = crossed("pre_open")
    market.phase("closed")
    assert market.tape == []
    market.phase("continuous")
    assert market.tape == ["anna and boris cross 5 at 101"]


@pytest.mark.parametrize(
    ("phase", "tape"),
    [
        ("closed", ["anna and boris cross 5 at 101"]),
        ("continuous", ["anna and boris cross 5 at 101"]),
        ("halted", []),
        ("cancel_only", []),
        ("pre_open", []),
    ],
)
def test_leaving_a_call(phase: str, tape: list[str]) -> None:
    """For closed and continuous it uncrosses; for the others it does not and orders stay, market orders too."""
    market = Market()
    market.phase("auction")
    market.buy("anna", 5)
    market.buy("carla", 5, at=101)
    market.sell("boris", 5, at=101)
    market.phase(phase)
    assert market.tape == tape
    assert len(market.engine.open_orders("anna")) == (0 if tape else 1)


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ("closed", "opening"),
        ("pre_open", "opening"),
        ("continuous", "closing"),
        ("auction", "reopening"),
        ("cancel_only", "reopening"),
        ("halted", "reopening"),
    ],
)
def test_a_call_without_a_name(before: str, kind: str) -> None:
    """It is an opening from closed or pre-open, a closing from continuous, else a reopening."""
    market = in_phase(before)
    market.phase("auction", lift=before == "halted")
    assert market.stands() == f"auction {kind}"


def test_a_timed_call_ends_by_itself() -> None:
    """Not a nanosecond before its time, and in continuous trading."""
    market = Market()
    market.phase("auction", "opening", until=60, reason="morning")
    assert market.story == ["ACME auction opening until 60 s: morning"]
    market.buy("anna", 5, at=101)
    market.sell("boris", 5, at=101)
    assert market.engine.next_due() == market.time(60)
    market.wait("59.999999999")
    assert market.events == []
    market.wait("0.000000001")
    assert market.story == ["1 trades 5 @ 101 with 2", "ACME continuous"]
    assert market.engine.due_events == 2
    assert market.engine.next_due() == 0


def test_a_timed_closing_call_ends_closed() -> None:
    """And an uncross happens on the way."""
    market = Market()
    market.phase("auction", "closing", until=60)
    market.buy("anna", 5, at=101)
    market.sell("boris", 5, at=101)
    market.wait(60)
    assert market.story == ["1 trades 5 @ 101 with 2", "ACME closed"]


def test_a_call_without_an_end_waits_for_a_command() -> None:
    """No time ends it."""
    market = Market()
    market.phase("auction")
    assert market.engine.next_due() == 0
    market.wait(1_000_000)
    assert market.stands() == "auction closing"


def test_a_command_ends_a_timed_call_at_once() -> None:
    """Its time comes to nothing afterwards."""
    market = Market()
    market.phase("auction", "opening", until=60)
    market.phase("continuous")
    assert market.stands() == "continuous"
    market.phase("auction", "operator")
    market.wait(100)
    assert market.stands() == "auction operator"


def test_day_orders_end_with_the_day() -> None:
    """When their instrument enters closed, waiting ones too, in order of entry; the others stay over night."""
    market = Market()
    market.buy("anna", 1, at=90, time_in_force=DAY)
    market.buy("boris", 2, at=90)
    market.buy("carla", 3, stop=120, time_in_force=DAY)
    market.buy("dora", 4, at=91, time_in_force=GTD, expires=market.time(100))
    market.buy("emil", 5, at=90, time_in_force=DAY)
    market.phase("closed")
    assert market.story == [
        "1 expired, 1 left: day_ended",
        "3 expired, 3 left: day_ended",
        "5 expired, 5 left: day_ended",
        "ACME closed",
    ]
    market.wait(100)
    assert market.story == ["4 expired, 4 left: expired"]
    market.phase("continuous")
    assert market.depth()["bids"] == ["2 @ 90"]


def test_all_instruments_at_once_in_the_order_of_their_listing() -> None:
    """A command without a symbol is for everybody."""
    market = Market()
    market.list_instrument("BETA")
    market.list_instrument("ACME", reference_price=7)
    market.phase("pre_open", symbol="")
    assert market.story == ["ACME pre_open", "BETA pre_open"]


def test_a_phase_command_that_cannot_be_carried_out() -> None:
    """For an instrument that is not there, a kind or an end without a call, an end that is past, a halt that lifts."""
    market = Market()
    market.phase("closed", symbol="GONE")
    assert market.refused == "unknown_instrument"
    for terms in (
        {"name": "continuous", "kind": "opening"},
        {"name": "continuous", "until": 60},
        {"name": "auction", "until": -1},
        {"name": "halted", "lift": True},
    ):
        market.phase(**terms)
        assert market.refused == "bad_request"
        assert market.stands() == "continuous"


def test_the_calendar_is_carried_out_once() -> None:
    """A successor may say again what a leader has said: what was due then already is passed over."""
    market = Market()
    market.phase("auction", "opening", until=60, due=market.time(0))
    market.phase("auction", "opening", until=60, due=market.time(0))
    assert market.events == []
    market.phase("closed", due=market.time(-5))
    assert market.events == []
    market.phase("continuous")  # An operator's command is no part of it.
    market.phase("auction", "closing", until=70, due=market.time(0))
    assert market.events == []
    market.phase("auction", "closing", until=70, due=market.time(1))
    assert market.stands() == "auction closing until 70 s"


def test_a_calendar_that_comes_late_makes_up_for_it() -> None:
    """A call whose end has passed begins and ends."""
    market = Market()
    market.phase("closed")
    market.wait(100)
    market.phase("auction", "opening", until=60, due=market.time(50))
    assert market.stands() == "auction opening until 60 s"
    market.wait(0)
    assert market.stands() == "continuous"


def test_an_instrument_with_a_calendar_begins_closed() -> None:
    """One without trades round the clock, from its listing on."""
    market = Market(calendar="xetra")
    assert market.stands() == "closed"
    market.list_instrument("BETA")
    assert market.stands("BETA") == "continuous"


def test_calls_of_one_time_end_in_the_order_of_listing() -> None:
    """Whichever began first."""
    market = Market()
    market.list_instrument("BETA")
    market.phase("auction", "opening", until=60, symbol="BETA")
    market.phase("auction", "opening", until=60, symbol="ACME")
    market.wait(70)
    assert market.story == ["ACME continuous", "BETA continuous"]


def test_timers_happen_in_the_order_in_which_they_were_due() -> None:
    """At one time expiries first, then deadlines of accounts, then ends of calls, and then the command."""
    market = Market()
    market.phase("auction", "opening", until=60)
    market.buy("anna", 1, at=101, time_in_force=GTD, expires=market.time(60))
    market.buy("boris", 2, at=101)
    market.cancel_after("boris", 60)
    market.buy("carla", 3, at=101)
    market.buy("dora", 4, at=101, time_in_force=GTD, expires=market.time(61))
    market.later(62)
    market.sell("emil", 9, at=101)
    assert market.story == [
        "1 expired, 1 left: expired",
        "2 canceled, 2 left: cancel_after",
        "ACME continuous",
        "4 expired, 4 left: expired",
        "5 accepted",
        "5 trades 3 @ 101 with 3",
    ]


def test_the_reason_stays_with_the_phase() -> None:
    """Status shows why the last change was made."""
    market = Market()
    market.phase("cancel_only", reason="news pending")
    assert market.story == ["ACME cancel_only: news pending"]
    assert market.engine.books["ACME"].reason == "news pending"
    market.phase("continuous")
    assert market.engine.books["ACME"].reason == ""
