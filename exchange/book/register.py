"""Register: every order that can still be queried, the open ones and the ended ones that are remembered.

The memory of ended orders makes a placement safe to repeat, so the memory of one account is bounded by that account's
own doing (`memory/memory.py`): its orders of the last 24 hours of journal time, or its latest
`Configure.ended_orders_max` if there are more. Under version 2 of the semantics all accounts share these bounds.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from exchange.book.order import Order
from exchange.commands import ENDED_ORDERS_MAX, ENDED_ORDERS_TOTAL_MAX
from exchange.memory.archive import block_of
from exchange.memory.memory import Memory, Share
from exchange.terms import BUY, FILLED
from exchange.units import HOUR

if TYPE_CHECKING:
    from exchange.book.book import Book
    from exchange.memory.archive import Block, PastOrder

MEMORY: Final = 24 * HOUR
"""How long an ended order is remembered, in nanoseconds of journal time."""


class Register:
    """The orders of a partition by id; `past` are the blocks of those in the archive.

    ended: each account's orders that ended, of all instruments. books: the market's.
    """

    __slots__ = ("books", "ended", "next_order_id", "orders", "past")

    def __init__(self, books: dict[str, Book]) -> None:
        self.books = books
        self.orders: dict[int, Order] = {}
        self.past: dict[int, Block] = {}
        self.next_order_id = 1
        self.ended: Memory[Order] = Memory(updated_of, ENDED_ORDERS_MAX, ENDED_ORDERS_TOTAL_MAX)

    def enter(self, order: Order) -> None:
        """Add a new order, which is open until `end`."""
        holding = order.holding
        order_id = order.order_id
        self.orders[order_id] = order
        holding.open[order] = None
        holding.client_orders[order.command.client_order_id] = order
        # As `Holding.count`, inline: two calls fewer an order, where most of the interpreted engine's time goes.
        if order.side == BUY:
            holding.buying += order.quantity - order.filled - order.canceled
        else:
            holding.selling += order.quantity - order.filled - order.canceled

    def end(self, order: Order, status: int, reason: str, at: int) -> int:
        """End an order and remember it; returns the open quantity, which is canceled."""
        order.status = status
        order.reason = reason
        order.updated = at
        holding = order.holding
        del holding.open[order]
        rest = order.quantity - order.filled - order.canceled
        assert rest >= 0, "no more of an order is filled or canceled than its quantity"
        if rest:
            assert status != FILLED, "of an order that is filled nothing is open"
            order.canceled += rest
            if order.side == BUY:
                holding.buying -= rest
            else:
                holding.selling -= rest
        self.ended.take(holding.ended, order)
        return rest

    def forget_old(self, at: int) -> None:
        """Forget the orders that ended 24 hours before `at` or earlier.

        Like `make_room` called before a command and never within one: an order can be queried after the command that
        ended it.
        """
        until = at - MEMORY
        for share in self.ended.outdated(until):
            while share.length and self.ended.time_of_oldest(share) <= until:
                self.forget_one(share)
            if share.length:
                self.ended.schedule(share)

    def make_room(self) -> None:
        """Evict the orders beyond the bounds in number: the accounts' own bounds first, then the total."""
        ended = self.ended
        for share in ended.overfull():
            while share.length > ended.own_max:
                self.forget_one(share)
        largest = ended.largest()
        while largest is not None:
            self.forget_one(largest)
            largest = ended.largest()

    def forget_one(self, share: Share[Order]) -> None:
        """Forget a share's oldest order; its trades may refer to it for longer, without its fills."""
        if share.blocks:
            self.forget_packed(share)
            return
        order = self.ended.evict(share)
        del self.orders[order.order_id]
        order.forget_trades()
        holding = order.holding
        del holding.client_orders[order.command.client_order_id]
        if holding.is_forgotten:
            order.book.release(order.account)

    def forget_packed(self, share: Share[Order]) -> None:
        """Forget a share's oldest ended order, which is in the archive."""
        block = share.blocks[0]
        first = block.first
        book, name = self.books[block.symbol(first)], block.names[first]
        del self.past[block.order_ids[first]]
        self.ended.evict_packed(share)
        holding = book.holdings[block.account]
        del holding.past[name]
        if holding.is_forgotten:
            book.release(block.account)

    def forget_book(self, book: Book) -> None:
        """Forget every order of a book in which none is open."""
        shares = {holding.ended.owner: holding.ended for holding in book.holdings.values()}
        for owner in sorted(shares):
            share = shares[owner]
            kept = deque([order for order in share.items if order.book is not book])
            self.ended.keep(share, kept, self.blocks_without(book.symbol, share))
        for order in self.orders.values():
            if order.book is book:
                order.forget_trades()
        self.orders = {order_id: order for order_id, order in self.orders.items() if order.book is not book}
        for account, holding in list(book.holdings.items()):
            holding.client_orders.clear()  # Orders and holding refer to each other.
            holding.past.clear()
            book.release(account)

    def blocks_without(self, symbol: str, share: Share[Order]) -> list[Block]:
        """The blocks of a share without their orders in an instrument, which are forgotten."""
        kept: list[Block] = []
        for block in share.blocks:
            if symbol not in block.symbols:
                kept.append(block)
                continue
            if len(block.symbols) == 1:  # All of it goes, and nothing has to be decompressed to say so.
                for index in range(block.first, len(block.order_ids)):
                    del self.past[block.order_ids[index]]
                continue
            left: list[PastOrder] = []
            for order in block.orders():
                if order.symbol == symbol:
                    del self.past[order.order_id]
                else:
                    left.append(order)
            if left:
                kept.append(block_of(left))
                self.enter_block(kept[-1])
        return kept

    def enter_block(self, block: Block) -> None:
        """Index a block's orders by id and by name, under the texts that all orders share."""
        block.symbols = [self.books[symbol].symbol for symbol in block.symbols]
        for index in range(block.first, len(block.order_ids)):
            self.past[block.order_ids[index]] = block
            book = self.books[block.symbol(index)]
            book.holding(block.account).past[block.names[index]] = block

    def find_past(self, order_id: int) -> PastOrder | None:
        """The order of this id, if it is in the archive."""
        block = self.past.get(order_id)
        return None if block is None else block.at(block.order_ids.index(order_id))

    def knows(self, order_id: int) -> bool:
        """Whether an order is open or remembered."""
        return order_id in self.orders or order_id in self.past

    @property
    def known_count(self) -> int:
        """How many orders are open or remembered."""
        return len(self.orders) + len(self.past)

    @property
    def open_count(self) -> int:
        """How many orders are open."""
        return self.known_count - self.ended.count


def updated_of(order: Order) -> int:
    """When an ended order ended, in nanoseconds of journal time."""
    return order.updated
