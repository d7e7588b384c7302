"""Release: an engine that is not needed any more drops its orders, so that their memory is free at once.

Orders, their accounts' holdings, their books and the trades refer to each other. To find these circles, Python's
collector would scan all objects of the process, which takes too long beside partitions that are led.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exchange.market import Market

PIECE: Final = 1_000
"""Orders or trades released in one step: about a millisecond."""


def release(market: Market) -> Iterator[None]:
    """Drop all references to orders, a piece with each step; the engine must not be used meanwhile or after."""
    for book in market.books.values():
        book.waiting.clear()
        for queue in book.stops.queues:
            queue.clear()
        for level in book.markets:
            level.first = level.last = None
        for side in book.sides:
            for level in side.levels.values():
                level.first = level.last = None
        for holding in book.holdings.values():
            holding.open.clear()
            holding.client_orders.clear()
            holding.past.clear()
        yield
    for ended in market.register.ended.all():
        ended.items.clear()
        ended.blocks.clear()
        yield
    market.register.past.clear()
    orders = market.register.orders
    while orders:
        for _ in range(min(PIECE, len(orders))):
            _, order = orders.popitem()
            order.level = order.older = order.newer = None
            order.forget_trades()
        yield
    market.trades.orders.clear()
    for traded in market.trades.sides.all():
        while traded.items:
            for _ in range(min(PIECE, len(traded.items))):
                traded.items.popleft().release()
            yield
