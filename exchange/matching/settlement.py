"""Settlement of a trade: the trade gets its number, and is booked to both orders and both positions.

The maker's fill is booked first. Queues, and the end of a filled order, are the caller's. Source: docs/rules.md,
"Fees", "Positions".
"""

from __future__ import annotations

from exchange.accounts.fees import fee_of
from exchange.book.order import Order
from exchange.book.trades import Trade
from exchange.events import Traded
from exchange.market import Market
from exchange.terms import CROSS, CROSSED, FILLED, MAKER, PARTIALLY_FILLED, TAKER
from exchange.units import UNIT, value_of


def settle(market: Market, maker: Order, taker: Order, price: int, quantity: int, side: int) -> None:
    """Settle a trade of two orders. `side`: the taker's; CROSSED in an uncross, where the buy order is the taker."""
    book, at = maker.book, market.now
    trade_id = book.last_trade_id = book.last_trade_id + 1
    book.previous_price = book.last_price
    book.last_price = price
    amount = price * quantity
    value = price * (quantity // UNIT) if quantity % UNIT == 0 else value_of(price, quantity)
    maker_liquidity, taker_liquidity = (CROSS, CROSS) if side == CROSSED else (MAKER, TAKER)
    maker_rate = maker.holding.allowance.rates[maker_liquidity]
    taker_rate = taker.holding.allowance.rates[taker_liquidity]
    maker_fee = fee_of(amount, maker_rate) if maker_rate else 0
    taker_fee = fee_of(amount, taker_rate) if taker_rate else 0
    if maker_fee or taker_fee:
        market.accounts.pay_fees(book.symbol, maker_fee + taker_fee)
    whole, rest = (value, 0) if quantity % UNIT == 0 else (amount // UNIT, amount % UNIT)
    fill(maker, quantity, whole, rest, at)
    fill(taker, quantity, whole, rest, at)
    maker_position = maker.holding.position
    maker_before = maker_position.standing
    maker_position.settle(maker.side, quantity, amount, value, maker_fee)
    taker_position = taker.holding.position
    taker_before = taker_position.standing
    taker_position.settle(taker.side, quantity, amount, value, taker_fee)
    maker_open = maker.quantity - maker.filled - maker.canceled
    taker_open = taker.quantity - taker.filled - taker.canceled
    event = Traded(
        trade_id,
        book.symbol,
        price,
        quantity,
        side,
        maker.order_id,
        maker.account,
        maker.filled,
        maker_open,
        maker_fee,
        taker.order_id,
        taker.account,
        taker.filled,
        taker_open,
        taker_fee,
        maker.cost_whole,
        maker.cost_rest,
        PARTIALLY_FILLED if maker_open else FILLED,
        taker.cost_whole,
        taker.cost_rest,
        PARTIALLY_FILLED if taker_open else FILLED,
    )
    market.events.append(event)
    trade = Trade(event, maker, taker, maker_before, taker_before, at)
    maker.enter_trade(trade)
    taker.enter_trade(trade)
    market.trades.remember(trade, maker.holding.traded, taker.holding.traded)


def fill(order: Order, quantity: int, whole: int, rest: int, at: int) -> None:
    """Book a trade to one of its orders: `whole` and `rest` make up price × quantity (`Order.add_cost`)."""
    order.filled += quantity
    order.add_cost(whole, rest)
    order.status = PARTIALLY_FILLED
    order.updated = at
    order.holding.count(order.side, -quantity)
