"""Order rows of a checkpoint: orders, as placed and as they are now; and back, into register and queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exchange.accounts.allowance import Allowance
from exchange.accounts.position import Position
from exchange.book.holding import Holding
from exchange.book.order import Order
from exchange.book.trades import Trade
from exchange.commands import PlaceOrder
from exchange.events import Traded
from exchange.memory.memory import Share
from exchange.terms import CROSS, CROSSED, MAKER, SELL
from exchange.units import UNIT

if TYPE_CHECKING:
    from exchange.book.book import Book


def order_row(order: Order) -> list[Any]:
    """The row of an order: its present state, and its placement."""
    return [
        order.order_id,
        placed_row(order.command),
        order.price,
        order.stop_price,
        order.quantity,
        order.display_quantity,
        order.expires,
        order.filled,
        order.canceled,
        order.shown,
        str(order.cost),
        order.status,
        order.reason,
        order.created,
        order.updated,
        None if order.first_trade is None else [list(fill) for fill in order.fills],
        order.stamp,
    ]


def order_from(row: list[Any], books: dict[str, Book], *, remembered: bool = True) -> Order:
    """The order of a row, in no queue yet. The cost may need more than 64 bits, so it is text.

    An order that the register remembers no more gets a holding of its own.
    """
    placed = placed_from(row[1])
    book, account = books[placed.symbol], placed.account
    holding = book.holding(account) if remembered else lone_holding(account, book)
    holding.own_texts(placed, book.symbol)
    order = Order(row[0], placed, book, holding, row[13])
    order.price = row[2]
    order.stop_price = row[3]
    order.quantity = row[4]
    order.display_quantity = row[5]
    order.expires = row[6]
    order.filled = row[7]
    order.canceled = row[8]
    order.shown = row[9]
    order.cost_whole, order.cost_rest = divmod(int(row[10]), UNIT)
    order.status = row[11]
    order.reason = row[12]
    order.updated = row[14]
    if row[15] is not None:
        for fill in row[15]:
            order.enter_trade(trade_of(order, fill))
    order.stamp = row[16]
    return order


def lone_holding(account: str, book: Book) -> Holding:
    """The holding of an order that only its trades remember."""
    return Holding(account, Position(), Allowance(book.instrument, {}), Share(account), Share(account))


def trade_of(order: Order, fill: list[int]) -> Trade:
    """A trade of which only this order's fill is known, and needed: the trade cannot be busted."""
    trade_id, price, quantity, liquidity, fee, at = fill
    order_id, account, symbol = order.order_id, order.account, order.symbol
    if liquidity == MAKER or (liquidity == CROSS and order.side == SELL):
        side = CROSSED if liquidity == CROSS else 1 - order.side
        event = Traded(trade_id, symbol, price, quantity, side, order_id, account, 0, 0, fee, 0, "", 0, 0, 0)
    else:
        side = CROSSED if liquidity == CROSS else order.side
        event = Traded(trade_id, symbol, price, quantity, side, 0, "", 0, 0, 0, order_id, account, 0, 0, fee)
    return Trade(event, None, None, (0, 0, 0), (0, 0, 0), at)


def placed_row(command: PlaceOrder) -> list[Any]:
    """The row of a placement."""
    return [
        command.account,
        command.symbol,
        command.client_order_id,
        command.side,
        command.type,
        command.quantity,
        command.price,
        command.stop_price,
        command.time_in_force,
        command.expires,
        command.post_only,
        command.display_quantity,
        command.self_trade,
        command.session,
        command.sent_at,
    ]


def placed_from(row: list[Any]) -> PlaceOrder:
    """The placement of a row."""
    p = row
    return PlaceOrder(p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10], p[11], p[12], p[13], p[14])
