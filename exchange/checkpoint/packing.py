"""Packing: ended orders move into the archive as texts, and become objects again when queried (`memory/archive.py`).

The texts are made of rows of a checkpoint. Packing changes nothing observable but memory and time, so it needs no
command; the process that runs an engine packs while it is idle (streams/leadership/packer.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from exchange.book.order_rows import order_from
from exchange.memory.archive import BLOCK, PART, Block, PastOrder, block_of, escaped, with_fills

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exchange.book.order import Order
    from exchange.market import Market
    from exchange.memory.memory import Share

WHOLE: Final = 2
"""Blocks' worth of each account's latest ended orders that stay objects: these are queried most."""


FILLS: Final = 4
"""A block ends early beyond this many fills for each order of a full block, so that reading a block stays cheap."""


def pack(market: Market, until: int, most: int, size: int = BLOCK) -> int:
    """Pack orders that ended at journal time `until` (ns) or earlier, oldest first; the blocks made, `most` at most.

    Before version 3 of the semantics nothing is packed: the memory is not divided by account.
    """
    made = 0
    ended = market.register.ended
    if not ended.divided:
        return 0
    for rank in range(size.bit_length(), len(ended.ranks)):
        for share in ended.ranks[rank].values():
            while made < most and is_due(share, until, size):
                pack_block(market, share, size)
                made += 1
    return made


def is_due(share: Share[Order], until: int, size: int) -> bool:
    """Whether a share has a whole block of orders old enough to pack, beside those that stay objects."""
    return len(share.items) >= (WHOLE + 1) * size and share.items[size - 1].updated <= until


def pack_block(market: Market, share: Share[Order], size: int) -> None:
    """Pack the oldest orders of a share that are objects."""
    orders: list[Order] = []
    fills = 0
    while len(orders) < size and fills <= FILLS * size:
        order = share.items.popleft()
        orders.append(order)
        fills += fills_of(order)
    block = block_of([past_order(order) for order in orders])
    share.blocks.append(block)
    share.packed += len(orders)
    market.register.enter_block(block)
    for order in orders:
        del market.register.orders[order.order_id]
        del order.holding.client_orders[order.command.client_order_id]
        if order.first_trade is not None:
            leave_trades(order)


def leave_trades(order: Order) -> None:
    """Replace an order in its trades by its text, without the fills, which are theirs."""
    past = past_order(order, fills=False)
    trades = [order.first_trade, *(order.later_trades or [])]
    for trade in trades:
        if trade is not None and trade.maker is order:
            trade.maker, trade.past_maker = None, past
        if trade is not None and trade.taker is order:
            trade.taker, trade.past_taker = None, past
    order.forget_trades()


def past_order(order: Order, *, fills: bool = True) -> PastOrder:
    """An ended order as text."""
    placed = order.command
    # Equals `text_of` of the order's row, which takes four times as long.
    text = (
        f"{order.order_id},{order.updated},{placed.side},{placed.type},{placed.quantity},{shown(placed.price)},"
        f"{shown(placed.stop_price)},{placed.time_in_force},{shown(placed.expires)},{1 if placed.post_only else 0},"
        f"{shown(placed.display_quantity)},{placed.self_trade},{placed.sent_at},{order.price},{order.stop_price},"
        f"{order.quantity},{order.display_quantity},{order.expires},{order.filled},{order.canceled},{order.shown},"
        f"{order.cost},{order.status},{order.created},{order.stamp}"
        f"{PART}{escaped(order.reason)}{PART}{escaped(placed.session)}"
    )
    if fills and order.first_trade is not None:
        text = with_fills(text, order.fills)
    return PastOrder(order.account, order.symbol, placed.client_order_id, text)


def shown(number: int | None) -> str:
    """A number as text, "" for a missing one."""
    return "" if number is None else str(number)


def blocks_in(share: Share[Order], size: int = BLOCK) -> Iterator[Block]:
    """All orders of a share, in blocks, for a checkpoint; the share does not change."""
    yield from share.blocks
    together: list[PastOrder] = []
    fills = 0
    for order in share.items:
        together.append(past_order(order))
        fills += fills_of(order)
        if len(together) == size or fills > FILLS * size:
            yield block_of(together)
            together, fills = [], 0
    if together:
        yield block_of(together)


def fills_of(order: Order) -> int:
    """The number of an order's fills."""
    if order.first_trade is None:
        return 0
    return 1 if order.later_trades is None else 1 + len(order.later_trades)


def unpack(market: Market) -> None:
    """Make all orders of the archive objects again; trades keep the orders' texts."""
    register = market.register
    for share in register.ended.all():
        orders = [order_from(past.row(), market.books) for block in share.blocks for past in block.orders()]
        for order in reversed(orders):
            share.items.appendleft(order)
            order.holding.client_orders[order.command.client_order_id] = order
            order.holding.past.clear()
        share.blocks = []
        share.packed = 0
    found = {order.order_id: order for share in register.ended.all() for order in share.items}
    found.update(register.orders)
    register.orders = {order_id: found[order_id] for order_id in sorted(found)}
    register.past = {}


def past_rows(market: Market) -> list[list[Any]]:
    """The rows of all orders in the archive."""
    return [past.row() for share in market.register.ended.all() for block in share.blocks for past in block.orders()]
