"""Bust: a trade is undone as if it had never been, in positions, cash and fees, and nowhere else."""

from __future__ import annotations

import pytest

from exchange.events import Busted, Rejected
from exchange.terms import BUY, CROSSED, FILLED, SELL
from tests.support.market import Market, units
from tests.support.random_choices import Seeded


def trade(market: Market, buyer: str, seller: str, quantity: int, price: int) -> None:
    """Let two accounts trade, the buyer taking."""
    market.sell(seller, quantity, at=price)
    market.buy(buyer, quantity, at=price)


def test_money_and_positions_go_back() -> None:
    """Both sides, the fee account too."""
    market = Market(maker_bps=-50, taker_bps=250)
    trade(market, "anna", "boris", 10, 100)
    assert market.position("anna") == "10 at 100"
    market.bust(1)
    assert market.story == ["2 no longer traded 10 @ 100 with 1"]
    for account in ("anna", "boris", "fees"):
        assert (market.position(account), market.cash(account), market.fees(account)) == ("flat", "0", "0")


def test_it_tells_the_trade_and_its_fees() -> None:
    """The event has all that a report and the tape need."""
    market = Market(maker_bps=-50, taker_bps=250)
    trade(market, "anna", "boris", 10, 100)
    market.bust(1)
    fees = (units("-0.05"), units("0.25"))
    both_are_filled = (units(10), 0, units(1_000), 0, FILLED) * 2
    assert market.events == [
        Busted(1, "ACME", units(100), units(10), BUY, 1, "boris", fees[0], 2, "anna", fees[1], *both_are_filled),
    ]


def test_orders_prices_and_numbers_stay() -> None:
    """What traded has traded: the order keeps its fills, the last price and the next number are what they were."""
    market = Market()
    order = market.sell("boris", 10, at=100)
    market.buy("anna", 4, at=100)
    before = market.engine.books["ACME"].last_trade_id, market.engine.books["ACME"].last_price
    market.bust(1)
    assert (order.filled, order.open, order.status) == ("4", "6", "partially_filled")
    assert market.queue(SELL) == ["boris 6 @ 100"]
    assert market.engine.changes == []
    assert (market.engine.books["ACME"].last_trade_id, market.engine.books["ACME"].last_price) == before
    market.buy("anna", 1, at=100)
    assert [trade.trade_id for trade in market.trades] == [2]


def test_a_second_bust_is_refused() -> None:
    """Nothing is undone twice."""
    market = Market()
    trade(market, "anna", "boris", 10, 100)
    market.bust(1)
    market.bust(1)
    assert market.events == [Rejected("already_busted", "trade_id")]
    assert market.position("anna") == "flat"


def test_what_was_never_traded_is_unknown() -> None:
    """No such number, no such instrument, another instrument's trade."""
    market = Market()
    market.list_instrument("BETA")
    trade(market, "anna", "boris", 10, 100)
    market.bust(2)
    assert market.events == [Rejected("unknown_trade", "trade_id")]
    market.bust(1, "BETA")
    assert market.refused == "unknown_trade"
    market.bust(1, "GONE")
    assert market.events == [Rejected("unknown_instrument", "symbol")]


def test_later_trades_are_told_anew() -> None:
    """Bought at 100 and 110, sold at 120: without the purchase at 100 the sale has earned 10 and not 15."""
    market = Market()
    trade(market, "anna", "boris", 10, 100)
    trade(market, "anna", "carla", 10, 110)
    trade(market, "dora", "anna", 5, 120)
    assert (market.position("anna"), market.realised("anna")) == ("15 at 105", "75")
    market.bust(1)
    assert (market.position("anna"), market.realised("anna")) == ("5 at 110", "50")
    assert (market.position("boris"), market.position("carla")) == ("flat", "-10 at 110")


def test_a_position_may_turn_round() -> None:
    """Without the purchase the later sale was a short sale, and the purchase after it covered that."""
    market = Market()
    trade(market, "anna", "boris", 10, 100)
    trade(market, "dora", "anna", 10, 120)
    trade(market, "anna", "carla", 4, 110)
    assert (market.position("anna"), market.realised("anna")) == ("4 at 110", "200")
    market.bust(1)
    assert (market.position("anna"), market.realised("anna")) == ("-6 at 120", "40")
    market.bust(2)
    assert (market.position("anna"), market.realised("anna")) == ("4 at 110", "0")


def test_the_order_of_busts_does_not_matter() -> None:
    """Whichever of two trades goes first, what is left is the same."""
    told = []
    for order in ((1, 2), (2, 1)):
        market = Market()
        trade(market, "anna", "boris", 10, 100)
        trade(market, "anna", "boris", 10, 110)
        trade(market, "carla", "anna", 5, 120)
        for number in order:
            market.bust(number)
        told.append((market.position("anna"), market.realised("anna"), market.cash("anna"), market.position("boris")))
    assert told == [("-5 at 120", "0", "600", "flat")] * 2


def test_a_cross_of_an_account_with_itself() -> None:
    """It has bought and sold at once: nothing but two fees, which come back; later trades are as if it had not been."""
    market = Market(cross_bps=100)
    trade(market, "anna", "boris", 4, 90)
    market.phase("auction")
    market.sell("anna", 10, at=100)
    market.buy("anna", 10, at=100)
    market.phase("continuous")
    assert [(trade.maker_account, trade.taker_account) for trade in market.trades] == [("anna", "anna")]
    assert (market.position("anna"), market.realised("anna"), market.fees("anna")) == ("4 at 100", "40", "0.2")
    trade(market, "carla", "anna", 2, 110)
    market.bust(2)
    names = (3, "anna", units("0.1"), 4, "anna", units("0.1"))
    both_are_filled = (units(10), 0, units(1_000), 0, FILLED) * 2
    assert market.events == [Busted(2, "ACME", units(100), units(10), CROSSED, *names, *both_are_filled)]
    assert (market.position("anna"), market.realised("anna"), market.fees("anna")) == ("2 at 90", "40", "0")
    market.bust(3)
    market.bust(1)
    assert (market.position("anna"), market.cash("anna"), market.cash("fees")) == ("flat", "0", "0")


def test_it_triggers_nothing() -> None:
    """Reference price and stops are those of before; a position limit that it leaves exceeded binds the next order."""
    market = Market()
    trade(market, "boris", "anna", 5, 100)
    trade(market, "anna", "boris", 5, 99)
    market.buy("carla", 1, stop=100)
    market.limit("anna", max_long=3)
    market.bust(1)
    assert market.story == ["2 no longer traded 5 @ 100 with 1"]
    assert market.position("anna") == "5 at 99"
    assert market.engine.books["ACME"].reference_price() == units(99)
    market.buy("anna", 1, at=90)
    assert market.refused == "position_limit"


def test_it_works_in_any_phase() -> None:
    """Operators undo trades when the market has closed, too, and while it is halted."""
    market = Market()
    trade(market, "anna", "boris", 5, 100)
    trade(market, "anna", "boris", 5, 100)
    market.phase("halted")
    market.bust(1)
    market.phase("closed")
    market.bust(2)
    assert market.position("anna") == "flat"


def test_it_works_when_the_orders_are_forgotten() -> None:
    """A trade is remembered with its orders, however many others have ended since, and through a checkpoint."""
    market = Market(ended_orders_max=2)
    trade(market, "anna", "boris", 10, 100)
    for account in ("anna", "boris"):
        for _ in range(3):
            market.cancel(market.buy(account, 1, at=1))
    assert 1 not in market.engine.orders
    market.engine = type(market.engine).from_state(market.engine.state())
    market.bust(1)
    assert market.refused == ""
    assert market.position("boris") == "flat"
    remembered = market.engine.trades.find("ACME", 1, market.now)
    assert remembered is not None
    taker, maker = market.engine.orders_of(remembered)
    assert (maker.order_id, maker.client_order_id) == (1, "c1")
    assert (taker.account, taker.filled) == ("anna", units(10))


def test_trades_are_remembered_for_a_day() -> None:
    """24 hours, not a nanosecond longer, whether or not somebody has traded since."""
    market = Market()
    trade(market, "anna", "boris", 10, 100)
    market.later("86399.999999999")
    market.bust(1)
    assert market.refused == ""

    trade(market, "anna", "boris", 10, 100)
    market.later(86_400)
    market.bust(2)
    assert market.refused == "unknown_trade"
    trade(market, "anna", "boris", 10, 100)
    assert [len(share.items) for share in market.engine.trades.sides.all()] == [1, 1]


def test_so_many_trades_are_remembered() -> None:
    """The bound in number is the journal's; the oldest goes first."""
    market = Market(trades_remembered_max=2)
    for price in (100, 101, 102):
        trade(market, "anna", "boris", 1, price)
    market.bust(1)
    assert market.refused == "unknown_trade"
    market.bust(2)
    assert market.refused == ""
    assert market.position("anna") == "2 at 101"


def test_a_position_from_before_the_memory_is_kept() -> None:
    """What is forgotten stands: a bust goes back to right before the trade, not to the beginning."""
    market = Market(trades_remembered_max=2)
    trade(market, "anna", "boris", 2, 100)
    trade(market, "anna", "boris", 2, 110)
    trade(market, "anna", "boris", 4, 120)
    market.bust(2)
    assert market.position("anna") == "6 at 113.33333333"


@pytest.mark.parametrize("seed", range(20))
def test_as_if_it_had_never_been(seed: int) -> None:
    """Whatever was traded and busted, in whatever order: equal to a market where only the rest was traded."""
    choose = Seeded(seed)
    accounts = ("anna", "boris", "carla")
    deals = []
    for _ in range(30):
        buyer = choose.one_of(accounts)
        seller = choose.one_of([account for account in accounts if account != buyer])
        deals.append((buyer, seller, choose.number(1, 20), choose.number(90, 110)))
    market, plain = Market(maker_bps=-33, taker_bps=177), Market(maker_bps=-33, taker_bps=177)
    busted: dict[int, bool] = {}
    for number, deal in enumerate(deals, 1):
        trade(market, *deal)
        if choose.number(0, 2) == 0:
            victim = choose.number(1, number)
            market.bust(victim)
            assert market.refused == ("already_busted" if victim in busted else "")
            busted[victim] = True
    for number, deal in enumerate(deals, 1):
        if number not in busted:
            trade(plain, *deal)
    for account in (*accounts, "fees"):
        found = [view(account) for view in (market.position, market.realised, market.cash, market.fees)]
        assert found == [view(account) for view in (plain.position, plain.realised, plain.cash, plain.fees)], account
