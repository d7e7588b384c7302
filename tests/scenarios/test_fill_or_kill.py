"""Rule 3, second half: FOK fills wholly or not at all, executed under its own self-trade mode."""

from __future__ import annotations

import pytest

from exchange.terms import BUY, CANCEL_BOTH, CANCEL_NEWEST, CANCEL_OLDEST, DECREMENT, FOK, SELF_TRADE_NAMES, SELL
from tests.support.market import Market, Ticket

MODES = (CANCEL_NEWEST, CANCEL_OLDEST, CANCEL_BOTH, DECREMENT)
KILLED = ("expired", "no_liquidity", "0")


def fate(ticket: Ticket) -> tuple[str, str, str]:
    """How an order ended, why, and what of it traded."""
    return ticket.status, ticket.reason, ticket.filled


def mode_name(mode: int) -> str:
    """The mode's word, for the names of the cases."""
    return SELF_TRADE_NAMES[mode]


def test_it_fills_across_levels_or_not_at_all() -> None:
    """One lot short of its quantity and nothing trades; with that lot everything does."""
    market = Market()
    market.sell("anna", 5, at=100)
    market.sell("boris", 4, at=101)

    killed = market.buy("carla", 10, at=101, time_in_force=FOK)
    assert market.story == ["3 accepted", "3 expired, 10 left: no_liquidity"]
    assert market.engine.changes == []
    assert fate(killed) == KILLED
    assert market.depth() == {"bids": [], "asks": ["5 @ 100", "4 @ 101"]}

    filled = market.buy("carla", 9, at=101, time_in_force=FOK)
    assert market.story == ["4 accepted", "4 trades 5 @ 100 with 1", "4 trades 4 @ 101 with 2"]
    assert fate(filled) == ("filled", "", "9")


def test_the_smallest_lot_short_is_short() -> None:
    """All or nothing holds to the last unit."""
    market = Market(lot="0.00000001")
    market.sell("anna", "0.00000003", at=100)
    assert fate(market.buy("carla", "0.00000004", at=100, time_in_force=FOK)) == KILLED
    assert market.buy("carla", "0.00000003", at=100, time_in_force=FOK).status == "filled"


def test_what_lies_beyond_its_limit_does_not_count() -> None:
    """Liquidity at a worse price than the limit cannot save it."""
    market = Market()
    market.sell("anna", 5, at=100)
    market.sell("boris", 50, at=102)
    assert fate(market.buy("carla", 6, at=101, time_in_force=FOK)) == KILLED


def test_hidden_reserve_counts() -> None:
    """An iceberg's whole quantity is there for it."""
    market = Market()
    market.sell("anna", 30, at=100, display=10)
    assert fate(market.buy("carla", 31, at=100, time_in_force=FOK)) == KILLED
    assert fate(market.buy("carla", 30, at=100, time_in_force=FOK)) == ("filled", "", "30")
    assert market.tape == ["carla buys 10 from anna at 100"] * 3


def test_a_market_order_may_be_fill_or_kill() -> None:
    """Without a limit every price counts, and still all or nothing."""
    market = Market()
    market.sell("anna", 5, at=100)
    market.sell("boris", 5, at=900)
    assert fate(market.buy("carla", 11, time_in_force=FOK)) == KILLED
    assert fate(market.buy("carla", 10, time_in_force=FOK)) == ("filled", "", "10")


@pytest.mark.parametrize("mode", MODES, ids=mode_name)
def test_an_own_order_beyond_the_fill_does_not_matter(mode: int) -> None:
    """If it is filled before its sweep reaches an own order, no mode minds that order."""
    market = Market()
    market.sell("anna", 5, at=100)
    own = market.sell("carla", 5, at=100)

    order = market.buy("carla", 5, at=101, time_in_force=FOK, self_trade=mode)

    assert market.story == ["3 accepted", "3 trades 5 @ 100 with 1"]
    assert fate(order) == ("filled", "", "5")
    assert own.status == "open"


@pytest.mark.parametrize("mode", [CANCEL_NEWEST, CANCEL_BOTH], ids=mode_name)
def test_nothing_from_the_first_own_order_on_counts(mode: int) -> None:
    """With cancel_newest and cancel_both an own order on the way kills it, and stays untouched."""
    market = Market()
    market.sell("anna", 5, at=100)
    own = market.sell("carla", 1, at=100)
    market.sell("boris", 50, at=100)

    order = market.buy("carla", 6, at=100, time_in_force=FOK, self_trade=mode)

    assert market.story == ["4 accepted", "4 expired, 6 left: no_liquidity"]
    assert fate(order) == KILLED
    assert own.status == "open"
    assert market.queue(SELL) == ["anna 5 @ 100", "carla 1 @ 100", "boris 50 @ 100"]


def test_cancel_oldest_cancels_own_orders_on_the_way_if_it_succeeds() -> None:
    """Own orders reached before it is filled go, those behind the last trade stay."""
    market = Market()
    first = market.sell("carla", 9, at=99)
    market.sell("anna", 5, at=100)
    second = market.sell("carla", 1, at=100)
    market.sell("boris", 50, at=100)
    behind = market.sell("carla", 1, at=101)

    order = market.buy("carla", 6, at=101, time_in_force=FOK, self_trade=CANCEL_OLDEST)

    assert market.story == [
        "6 accepted",
        "1 canceled, 9 left: self_trade",
        "6 trades 5 @ 100 with 2",
        "3 canceled, 1 left: self_trade",
        "6 trades 1 @ 100 with 4",
    ]
    assert fate(order) == ("filled", "", "6")
    assert [first.status, second.status, behind.status] == ["canceled", "canceled", "open"]
    assert market.depth() == {"bids": [], "asks": ["49 @ 100", "1 @ 101"]}


def test_cancel_oldest_leaves_own_orders_alone_if_it_fails() -> None:
    """Own quantity does not count, and a killed order cancels nothing."""
    market = Market()
    own = market.sell("carla", 9, at=99)
    market.sell("anna", 5, at=100)

    order = market.buy("carla", 6, at=100, time_in_force=FOK, self_trade=CANCEL_OLDEST)

    assert fate(order) == KILLED
    assert own.status == "open"
    assert market.depth() == {"bids": [], "asks": ["9 @ 99", "5 @ 100"]}


def test_decrement_with_an_own_order_on_the_way_kills_it() -> None:
    """A decrement would end less than wholly filled, so the order dies and nothing is decremented."""
    market = Market()
    market.sell("anna", 5, at=100)
    own = market.sell("carla", 1, at=100)
    market.sell("boris", 50, at=100)

    order = market.buy("carla", 6, at=100, time_in_force=FOK, self_trade=DECREMENT)

    assert fate(order) == KILLED
    assert (own.open, own.status) == ("1", "open")
    assert market.tape == []


@pytest.mark.parametrize(
    ("mode", "quantity", "filled"),
    [
        (CANCEL_NEWEST, 10, True),
        (CANCEL_NEWEST, 11, False),
        (CANCEL_BOTH, 10, True),
        (CANCEL_BOTH, 11, False),
        (DECREMENT, 10, True),
        (DECREMENT, 11, False),
        (CANCEL_OLDEST, 30, True),
        (CANCEL_OLDEST, 31, False),
    ],
)
def test_reserve_behind_an_own_order_counts_only_if_that_order_gives_way(
    mode: int, quantity: int, filled: bool
) -> None:
    """An iceberg's reserve comes after the own order that queued behind its shown part."""
    market = Market()
    market.sell("anna", 30, at=100, display=10)
    market.sell("carla", 5, at=100)
    order = market.buy("carla", quantity, at=100, time_in_force=FOK, self_trade=mode)
    assert (order.status == "filled") == filled
    assert order.filled == (str(quantity) if filled else "0")


@pytest.mark.parametrize("mode", MODES, ids=mode_name)
def test_an_own_iceberg_never_fills_it(mode: int) -> None:
    """Neither the shown part nor the reserve of an own order counts."""
    market = Market()
    own = market.sell("carla", 30, at=100, display=10)
    market.sell("anna", 5, at=100)
    order = market.buy("carla", 6, at=100, time_in_force=FOK, self_trade=mode)
    assert fate(order) == KILLED
    assert (own.open, own.shown) == ("30", "10")


def test_it_takes_its_turn_between_icebergs_exactly_as_a_plain_order_would() -> None:
    """The trades of a filled FOK are those of the same order without the condition."""
    tapes = []
    for time_in_force in (FOK, 0):
        market = Market()
        market.sell("anna", 20, at=100, display=5)
        market.sell("boris", 12, at=100, display=4)
        market.sell("dora", 6, at=100)
        market.buy("carla", 33, at=100, time_in_force=time_in_force)
        tapes.append(market.tape)
        assert market.depth()["asks"] == ["5 @ 100"]
    assert tapes[0] == tapes[1]
    assert tapes[0][:5] == [
        "carla buys 5 from anna at 100",
        "carla buys 4 from boris at 100",
        "carla buys 6 from dora at 100",
        "carla buys 5 from anna at 100",
        "carla buys 4 from boris at 100",
    ]


def test_sells_are_killed_alike() -> None:
    """The rule is the same for a sell among bids, with an own bid on the way."""
    market = Market()
    market.buy("anna", 5, at=100)
    own = market.buy("carla", 1, at=100)
    market.buy("boris", 50, at=99)
    assert fate(market.sell("carla", 6, at=99, time_in_force=FOK)) == KILLED
    assert fate(market.sell("carla", 6, at=99, time_in_force=FOK, self_trade=CANCEL_OLDEST)) == ("filled", "", "6")
    assert own.status == "canceled"
    assert market.queue(BUY) == ["boris 49 @ 99"]


def test_more_trades_than_one_order_may_make_kill_it() -> None:
    """If the bound on trades would cut it short it cannot fill wholly, so it does not start."""
    market = Market(trades_per_order_max=2)
    for price in (100, 101, 102):
        market.sell("anna", 1, at=price)
    killed = market.buy("carla", 3, at=102, time_in_force=FOK)
    assert (killed.status, killed.filled) == ("expired", "0")
    assert fate(market.buy("carla", 2, at=102, time_in_force=FOK)) == ("filled", "", "2")
