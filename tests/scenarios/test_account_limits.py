"""What an account may do: enabled or not, quantity, value, open orders, long and short position."""

from __future__ import annotations

import pytest

from exchange.accounts.limits import ENABLED, LIMIT_NAMES, MAX_LONG, MAX_QUANTITY, TAKER_BPS
from exchange.events import Rejected
from exchange.market_events import LimitsSet
from exchange.terms import AT_CLOSE, BUY, FOK, IOC
from exchange.units import LARGEST, RATE
from tests.support.market import Market, Number, Terms, units


def test_a_disabled_account_may_only_cancel() -> None:
    """New orders and amends are refused, its resting orders stay and trade, cancels work."""
    market = Market()
    order = market.buy("anna", 10, at=100)
    market.limit("anna", enabled=0)
    market.buy("anna", 1, at=99)
    assert market.refused == "account_disabled"
    market.amend(order, to=5)
    assert market.refused == "account_disabled"
    market.sell("boris", 4, at=100)
    assert market.tape == ["boris sells 4 to anna at 100"]
    market.cancel(order)
    assert market.story == ["1 canceled, 6 left: requested"]
    market.limit("anna", enabled=1)
    market.buy("anna", 1, at=99)
    assert market.refused == ""


def test_an_account_may_be_disabled_in_one_instrument() -> None:
    """And the other way round: its value for an instrument goes before that for all."""
    market = Market()
    market.list_instrument("BETA")
    market.limit("anna", "ACME", enabled=0)
    market.buy("anna", 1, at=100)
    assert market.refused == "account_disabled"
    market.buy("anna", 1, at=100, symbol="BETA")
    assert market.refused == ""

    market.limit("boris", enabled=0)
    market.limit("boris", "BETA", enabled=1)
    market.buy("boris", 1, at=100)
    assert market.refused == "account_disabled"
    market.buy("boris", 1, at=100, symbol="BETA")
    assert market.refused == ""


@pytest.mark.parametrize(
    ("listed", "own", "quantity", "code"),
    [
        (0, 10, 10, ""),
        (0, 10, 11, "quantity_too_large"),
        (5, 10, 5, ""),
        (5, 10, 6, "quantity_too_large"),
        (10, 5, 6, "quantity_too_large"),
        (0, 0, 1, "quantity_too_large"),
    ],
)
def test_of_two_maxima_of_quantity_the_stricter_binds(listed: int, own: int, quantity: int, code: str) -> None:
    """The instrument's and the account's; an account's limit of 0 allows nothing."""
    market = Market(max_quantity=units(listed))
    market.limit("anna", max_quantity=own)
    market.buy("anna", quantity, at=100)
    assert market.refused == code
    if code:
        stricter = min([units(bound) for bound in (listed, own) if bound or bound is own])
        assert market.events == [Rejected(code, "quantity", stricter)]


@pytest.mark.parametrize(
    ("quantity", "price", "code"),
    [(10, 100, ""), (10, 101, "value_too_large"), (10, None, ""), (11, None, "value_too_large")],
)
def test_the_value_of_an_order_is_bounded(quantity: int, price: int | None, code: str) -> None:
    """Price × quantity, a market order at the reference price, as with the instrument's own maximum."""
    market = Market(reference_price=units(100), max_value=units(5_000))
    market.limit("anna", max_value=1_000)
    market.buy("anna", quantity, at=price)
    assert market.refused == code
    market.buy("boris", 50, at=100)
    assert market.refused == ""


def test_of_two_bounds_on_open_orders_the_stricter_binds() -> None:
    """Beside the listing's: a wider one of its own does not help an account."""
    market = Market(max_open_orders=3)
    market.limit("anna", max_open_orders=2)
    market.limit("boris", max_open_orders=4)
    answers: dict[str, list[str]] = {}
    for account in ("anna", "boris", "carla"):
        for price in (90, 91, 92, 93):
            market.buy(account, 1, at=price)
            answers.setdefault(account, []).append(market.refused)
    full = "too_many_open_orders"
    assert answers == {"anna": ["", "", full, full], "boris": ["", "", "", full], "carla": ["", "", "", full]}

    market.limit("anna", max_open_orders=0)
    market.cancel_all("anna")
    market.buy("anna", 1, at=90)
    assert market.refused == full


def holding(quantity: int, **limits: Terms) -> Market:
    """A market where anna has a position (negative: short), and then these limits."""
    market = Market()
    if quantity > 0:
        market.sell("boris", quantity, at=100)
        market.buy("anna", quantity, at=100)
    elif quantity < 0:
        market.buy("boris", -quantity, at=100)
        market.sell("anna", -quantity, at=100)
    market.limit("anna", **limits)
    return market


@pytest.mark.parametrize(
    ("position", "waiting", "quantity", "code"),
    [
        (0, 0, 10, ""),
        (0, 0, 11, "position_limit"),
        (4, 0, 6, ""),
        (4, 0, 7, "position_limit"),
        (4, 3, 3, ""),
        (4, 3, 4, "position_limit"),
        (-5, 0, 15, ""),
        (-5, 5, 11, "position_limit"),
    ],
)
def test_the_long_limit_counts_what_buys_are_open(position: int, waiting: int, quantity: int, code: str) -> None:
    """Position + open buys + this order ≤ 10."""
    market = holding(position, max_long=10)
    if waiting:
        market.buy("anna", waiting, at=90)
    market.buy("anna", quantity, at=91)
    assert market.refused == code
    if code:
        assert market.events == [Rejected(code, "quantity", units(10))]


@pytest.mark.parametrize(
    ("position", "waiting", "quantity", "code"),
    [
        (0, 0, 10, ""),
        (0, 0, 11, "position_limit"),
        (-4, 3, 3, ""),
        (-4, 3, 4, "position_limit"),
        (5, 0, 15, ""),
        (5, 0, 16, "position_limit"),
    ],
)
def test_the_short_limit_counts_what_sells_are_open(position: int, waiting: int, quantity: int, code: str) -> None:
    """−position + open sells + this order ≤ 10."""
    market = holding(position, max_short=10)
    if waiting:
        market.sell("anna", waiting, at=110)
    market.sell("anna", quantity, at=109)
    assert market.refused == code


def test_the_other_side_does_not_count() -> None:
    """Open sells make no room for buys: they may never trade."""
    market = holding(0, max_long=10, max_short=10)
    market.sell("anna", 10, at=110)
    market.buy("anna", 11, at=90)
    assert market.refused == "position_limit"
    market.buy("anna", 10, at=90)
    assert market.refused == ""


@pytest.mark.parametrize(
    "terms", [{}, {"at": 100}, {"at": 100, "time_in_force": IOC}, {"at": 100, "time_in_force": FOK}]
)
def test_every_order_counts_with_its_whole_quantity(terms: dict[str, Number]) -> None:
    """Also one that would not find so much, or would not rest."""
    market = holding(0, max_long=10)
    market.sell("boris", 1, at=100)
    market.buy("anna", 11, **terms)
    assert market.refused == "position_limit"


def test_the_reserve_of_an_iceberg_counts() -> None:
    """What is hidden may trade like the rest."""
    market = holding(0, max_long=10)
    market.buy("anna", 8, at=90, display=1)
    market.buy("anna", 3, at=90)
    assert market.refused == "position_limit"


def test_what_waits_counts() -> None:
    """Stops, orders for the closing call, market orders in a call: all may trade."""
    market = holding(0, max_long=10)
    market.buy("anna", 4, stop=110)
    market.buy("anna", 4, at=90, time_in_force=AT_CLOSE)
    market.buy("anna", 3, at=90)
    assert market.refused == "position_limit"
    market.phase("auction")
    market.buy("anna", 3)
    assert market.refused == "position_limit"
    market.buy("anna", 2)
    assert market.refused == ""
    market.buy("anna", 1)
    assert market.refused == "position_limit"


def triggering(**limits: Terms) -> Market:
    """A market where anna's stop to buy 5 waits at 101, with room for it and no more, and then it is triggered."""
    market = Market(max_open_orders=1)
    market.limit("anna", max_long=5)
    market.buy("anna", 5, stop=101)
    market.sell("boris", 6, at=101)
    market.limit("anna", **limits)
    market.buy("carla", 1, at=101)
    return market


def test_a_triggered_stop_is_counted_once() -> None:
    """Its place among the open orders and its quantity are its own already."""
    market = triggering()
    assert market.story == ["3 accepted", "3 trades 1 @ 101 with 2", "1 triggered", "1 trades 5 @ 101 with 2"]
    assert market.position("anna") == "5 at 101"


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_long": 4}, "position_limit"),
        ({"max_value": 500}, "value_too_large"),
        ({"max_quantity": 4}, "quantity_too_large"),
        ({"enabled": 0}, "account_disabled"),
        ({"enabled": 0, "max_quantity": 4}, "account_disabled"),
        ({"max_value": 500, "max_quantity": 4}, "quantity_too_large"),
        ({"max_value": 500, "max_long": 4}, "value_too_large"),
    ],
    ids=str,
)
def test_a_triggered_stop_meets_the_limits_of_now(limits: dict[str, Number], code: str) -> None:
    """It passes every check again, in the same order; refused then, it has ended."""
    market = triggering(**limits)
    assert market.story[-2:] == ["1 triggered", f"1 refused, 5 left: {code}"]
    assert market.engine.orders[1].reason == code
    assert market.engine.books["ACME"].holdings["anna"].open_quantity(BUY) == 0


def test_a_limit_of_nothing_forbids_to_sell_short() -> None:
    """0 is a limit like any other: what there is may be sold, no more."""
    market = holding(5, max_short=0)
    market.sell("anna", 6, at=110)
    assert market.refused == "position_limit"
    market.sell("anna", 5, at=110)
    assert market.refused == ""


def test_what_ends_makes_room() -> None:
    """A canceled order, a decremented one and one amended down count no more; one that trades counts as position."""
    market = holding(0, max_long=10)
    first = market.buy("anna", 10, at=90)
    market.cancel(first)
    second = market.buy("anna", 10, at=90)
    market.sell("anna", 4, at=90, self_trade=3)
    assert second.open == "6"
    third = market.buy("anna", 4, at=89)
    market.amend(third, to=1)
    market.buy("anna", 3, at=88)
    assert market.refused == ""
    market.sell("boris", 6, at=90)
    market.buy("anna", 1, at=88)
    assert market.refused == "position_limit"


def test_an_amend_counts_the_difference() -> None:
    """Growing by what is left of the limit goes, by more does not; the order stays as it was."""
    market = holding(2, max_long=10)
    order = market.buy("anna", 5, at=90)
    market.amend(order, to=9)
    assert market.refused == "position_limit"
    assert order.open == "5"
    market.amend(order, to=8)
    assert market.refused == ""
    assert order.open == "8"


def test_shrinking_is_never_too_much() -> None:
    """A position limit set below what is open keeps nobody from taking less, or from moving the price."""
    market = holding(0)
    order = market.buy("anna", 10, at=90)
    market.limit("anna", max_long=3)
    market.amend(order, to=8)
    assert market.refused == ""
    market.amend(order, at=91)
    assert market.refused == ""
    market.amend(order, to=9)
    assert market.refused == "position_limit"


def test_an_amend_meets_the_accounts_maxima() -> None:
    """The new total against max_quantity, the new value against max_value."""
    market = Market()
    market.limit("anna", max_quantity=10, max_value=1_000)
    order = market.buy("anna", 10, at=100)
    market.amend(order, to=11)
    assert market.refused == "quantity_too_large"
    market.amend(order, at=101)
    assert market.refused == "value_too_large"


def test_limits_are_merged() -> None:
    """What is not named stays, None removes; the answer is all that there is then, by number."""
    market = Market()
    market.limit("anna", max_long=5, taker_bps="2.5")
    market.limit("anna", max_quantity=3, max_long=7)
    assert market.events == [LimitsSet("anna", "", [(MAX_QUANTITY, units(3)), (MAX_LONG, units(7)), (TAKER_BPS, 250)])]
    market.limit("anna", max_quantity=None, taker_bps=None, max_short=None)
    assert market.events == [LimitsSet("anna", "", [(MAX_LONG, units(7))])]
    market.limit("anna", "ACME", enabled=0)
    assert market.events == [LimitsSet("anna", "ACME", [(ENABLED, 0)])]
    assert market.engine.accounts.limits_of("anna") == {"": [(MAX_LONG, units(7))], "ACME": [(ENABLED, 0)]}
    market.limit("anna", max_long=None)
    market.limit("anna", "ACME", enabled=None)
    assert market.story == ["anna in ACME: no limits"]
    assert market.engine.accounts.limits == {}


@pytest.mark.parametrize(
    ("limit", "number"),
    [
        ("enabled", 2),
        ("enabled", -1),
        ("max_quantity", -1),
        ("max_open_orders", -1),
        ("max_long", LARGEST),
        ("maker_bps", RATE // 100 + 1),
        ("taker_bps", -RATE // 100 - 1),
    ],
)
def test_impossible_limits_are_refused(limit: str, number: int) -> None:
    """Nothing of such a command is carried out."""
    market = Market()
    limits: dict[str, Terms] = {"max_short": 5, limit: number}
    market.limit("anna", **limits)
    assert market.events == [Rejected("bad_request", limit)]
    assert market.engine.accounts.limits == {}


def test_limits_of_an_unknown_instrument_are_refused() -> None:
    """An instrument has to be listed here."""
    market = Market()
    market.limit("anna", "GONE", max_long=5)
    assert market.events == [Rejected("unknown_instrument", "symbol")]


def test_every_limit_has_its_number() -> None:
    """The numbers are on the wire for ever."""
    assert LIMIT_NAMES.index("enabled") == ENABLED == 0
    assert LIMIT_NAMES.index("max_long") == MAX_LONG == 4
    assert LIMIT_NAMES[TAKER_BPS] == "taker_bps"
    assert len(LIMIT_NAMES) == 9


def test_limits_bind_one_account() -> None:
    """Others go on as before, and so does it in the other direction."""
    market = holding(0, max_long=1)
    market.buy("carla", 100, at=90)
    assert market.refused == ""
    market.sell("anna", 100, at=110)
    assert market.refused == ""
    assert market.queue(BUY) == ["carla 100 @ 90"]
