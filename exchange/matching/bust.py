"""Bust: a trade is undone, so that both accounts end as if it had never happened.

Positions, cash and fees are reversed. Orders, the last price and stops that the trade triggered stay as they are. The
average price of a position depends on the order of its trades, so both positions are restored to just before the busted
trade, and the later trades are replayed on them. Source: docs/rules.md, "Bust".
"""

from __future__ import annotations

from exchange.accounts.position import Position
from exchange.book.trades import Trade
from exchange.events import Busted, Traded
from exchange.market import Market
from exchange.units import value_of


def bust(market: Market, trade: Trade) -> None:
    """Undo a trade that both accounts remember and that is not busted yet."""
    event, accounts = trade.event, market.accounts
    trade.busted = True
    value = value_of(event.price, event.quantity)
    maker = accounts.open_position(event.maker_account, event.symbol)
    taker = accounts.open_position(event.taker_account, event.symbol)
    maker.refund(1 - trade.taker_side, value, event.maker_fee)
    taker.refund(trade.taker_side, value, event.taker_fee)
    accounts.pay_fees(event.symbol, -event.maker_fee - event.taker_fee)
    retrace(trade, market.trades.after(trade), maker, taker)
    taker_order, maker_order = market.orders_of(trade)
    market.events.append(
        Busted(
            event.trade_id,
            event.symbol,
            event.price,
            event.quantity,
            event.side,
            event.maker_order_id,
            event.maker_account,
            event.maker_fee,
            event.taker_order_id,
            event.taker_account,
            event.taker_fee,
            maker_order.filled,
            maker_order.open_quantity,
            maker_order.cost_whole,
            maker_order.cost_rest,
            maker_order.status,
            taker_order.filled,
            taker_order.open_quantity,
            taker_order.cost_whole,
            taker_order.cost_rest,
            taker_order.status,
        )
    )


def retrace(trade: Trade, later_trades: list[Trade], maker: Position, taker: Position) -> None:
    """Restore both positions to right before a trade, and replay the later trades on them, oldest first."""
    # Of an account that traded with itself the maker's standing is earlier: restore it last.
    taker.restore(trade.taker_before)
    maker.restore(trade.maker_before)
    for later in later_trades:
        event = later.event
        amount = event.price * event.quantity
        position = touched(event.maker_account, trade.event, maker, taker)
        if position is not None:
            later.maker_before = position.standing
            position.move(1 - later.taker_side, event.quantity, amount)
        position = touched(event.taker_account, trade.event, maker, taker)
        if position is not None:
            later.taker_before = position.standing
            position.move(later.taker_side, event.quantity, amount)


def touched(account: str, event: Traded, maker: Position, taker: Position) -> Position | None:
    """The account's position if the trade changed it, else None."""
    if account == event.maker_account:
        return maker
    return taker if account == event.taker_account else None
