"""Account rows of a checkpoint: positions, limits and kill switches, the trades that may be busted; and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from exchange.book.trades import Trade, share_of
from exchange.checkpoint.packing import past_order
from exchange.events import Traded
from exchange.memory.archive import past_body
from exchange.terms import is_open

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from exchange.accounts.accounts import Accounts
    from exchange.accounts.kill_switch import KillSwitch
    from exchange.accounts.position import Position, Standing
    from exchange.book.register import Register
    from exchange.market import Market
    from exchange.memory.archive import PastOrder
    from exchange.memory.memory import Memory


PAST_MAX: Final = 500
"""Orders of trades that are compressed together, at most."""


def kept_positions(accounts: Accounts) -> list[tuple[str, str, Position]]:
    """The positions that are not blank, by account and symbol."""
    return [
        (account, symbol, position)
        for account, positions in sorted(accounts.positions.items())
        for symbol, position in sorted(positions.items())
        if not position.is_blank()
    ]


def position_row(kept: tuple[str, str, Position]) -> list[str]:
    """Account, symbol and the figures: sums may need more than 64 bits, so all are text."""
    account, symbol, position = kept
    return [
        account,
        symbol,
        str(position.quantity),
        str(position.cost),
        str(position.shares),
        str(position.cash),
        str(position.fees),
    ]


def restore_position(accounts: Accounts, row: list[str]) -> None:
    """Restore the position of a row."""
    position = accounts.open_position(row[0], row[1])
    position.quantity = int(row[2])
    position.cost = int(row[3])
    position.shares = int(row[4])
    position.cash = int(row[5])
    position.fees = int(row[6])


def kept_limits(accounts: Accounts) -> list[tuple[str, str, list[list[int]]]]:
    """Account, symbol and the limits there, sorted."""
    return [
        (account, symbol, [list(value) for value in values])
        for account in sorted(accounts.limits)
        for symbol, values in accounts.limits_of(account).items()
    ]


def restore_limits(market: Market, row: list[Any]) -> None:
    """Restore the limits of a row."""
    account, symbol, values = row
    market.accounts.set_limits(account, symbol, [(field, value) for field, value in values], 0)
    for book in market.books.values():
        book.renew_allowance(account)


def stopped(kill_switch: KillSwitch) -> list[tuple[str, str]]:
    """Account and symbol of each switch that is on."""
    everything = [("", "")] if kill_switch.everything else []
    accounts = [(account, "") for account in sorted(kill_switch.accounts)]
    return everything + accounts + [("", symbol) for symbol in sorted(kill_switch.symbols)]


def past_orders(trades: Iterable[Trade]) -> list[PastOrder]:
    """The ended orders, each once, of trades that may be busted; as texts, without their fills."""
    past: dict[int, PastOrder] = {}
    for trade in trades:
        if not trade.may_be_undone:
            continue
        event = trade.event
        for order_id, order, text in (
            (event.maker_order_id, trade.maker, trade.past_maker),
            (event.taker_order_id, trade.taker, trade.past_taker),
        ):
            if text is not None:
                past[order_id] = text
            elif order is not None and not is_open(order.status) and order_id not in past:
                past[order_id] = past_order(order, fills=False)
    return list(past.values())


def forgotten_orders(trades: Iterable[Trade], register: Register) -> list[PastOrder]:
    """Those of `past_orders` that the register remembers no more."""
    return [order for order in past_orders(trades) if not register.knows(order.order_id)]


def past_bodies(trades: Iterable[Trade]) -> Iterator[bytes]:
    """The `past_orders`, compressed, PAST_MAX at most in a body."""
    orders = past_orders(trades)
    for start in range(0, len(orders), PAST_MAX):
        yield past_body(orders[start : start + PAST_MAX])


def kept_trades(sides: Memory[Trade]) -> list[Trade]:
    """All trades that at least one account remembers, each once; those of an instrument in order."""
    if not sides.divided:
        return list(sides.everybody.items)
    trades = {(trade.event.symbol, trade.event.trade_id): trade for share in sides.all() for trade in share.items}
    return [trades[name] for name in sorted(trades)]


def trade_row(trade: Trade, sides: Memory[Trade]) -> list[Any]:
    """The trade's event and time, whether it is busted, and both accounts' standings before it, as text.

    From version 3 of the semantics on also whether the maker's account remembers the trade, and the taker's.
    """
    event = trade.event
    row: list[Any] = [
        event.trade_id,
        event.symbol,
        event.price,
        event.quantity,
        event.side,
        event.maker_order_id,
        event.maker_account,
        event.maker_filled,
        event.maker_open,
        event.maker_fee,
        event.taker_order_id,
        event.taker_account,
        event.taker_filled,
        event.taker_open,
        event.taker_fee,
        trade.at,
        trade.busted,
        [str(number) for number in trade.maker_before],
        [str(number) for number in trade.taker_before],
    ]
    if sides.divided:
        row += [remembers(sides, account, event) for account in (event.maker_account, event.taker_account)]
    return row


def remembers(sides: Memory[Trade], account: str, event: Traded) -> bool:
    """Whether an account still remembers its trade: a share holds every trade since its oldest."""
    share = sides.shares.get(share_of(account, event.symbol))
    return share is not None and len(share.items) > 0 and share.items[0].event.trade_id <= event.trade_id


def restore_trade(market: Market, row: list[Any]) -> None:
    """Restore a row's trade for the accounts that remembered it."""
    trades = market.trades
    maker, taker = (row[19], row[20]) if trades.sides.divided else (True, True)
    trades.take(trade_from(row, market, remembered=maker and taker), maker=maker, taker=taker)


def trade_from(row: list[Any], market: Market, *, remembered: bool) -> Trade:
    """The trade of a row; with its orders if both accounts remember it, as objects or as texts."""
    r = row
    event = Traded(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14])
    past = market.trades.orders
    maker = taker = None
    if remembered:
        maker = market.register.orders.get(r[5])
        taker = market.register.orders.get(r[10])
    trade = Trade(event, maker, taker, standing_from(r[17]), standing_from(r[18]), r[15])
    if remembered and maker is None:
        trade.past_maker = past[r[5]]
    if remembered and taker is None:
        trade.past_taker = past[r[10]]
    trade.busted = r[16]
    return trade


def standing_from(row: list[str]) -> Standing:
    """The standing of a row."""
    return (int(row[0]), int(row[1]), int(row[2]))
