"""Account view: an account's positions, cash, fees, limits and their use in a partition, as clients see them.

A position's money is printed like its instrument's prices. Unrealised profit is valued at the last trade's price.
Units: as in `exchange.units`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exchange.accounts.limits import LIMIT_NAMES
from exchange.units import UNIT, divide_half_even, to_text
from streams.partition.operator_actions import limit_value
from streams.publication.rendering import print_object

if TYPE_CHECKING:
    from exchange.accounts.position import Position
    from exchange.engine import Engine
    from streams.publication.rendering import Renderer


def print_account(engine: Engine, renderer: Renderer, account: str, journal: str) -> str:
    """The whole account view, as of the command `journal`, as JSON."""
    accounts = engine.accounts
    told = {
        "journal": journal,
        "account": account,
        "cash": to_text(accounts.cash(account), 0),
        "fees": to_text(accounts.fees(account), 0),
        "positions": [
            position_row(engine, renderer, symbol, position) for symbol, position in accounts.positions_of(account)
        ],
        "limits": [limits_row(symbol, values) for symbol, values in accounts.limits_of(account).items()],
        "used": used_rows(engine, renderer, account),
    }
    return print_object(told)


def position_row(engine: Engine, renderer: Renderer, symbol: str, position: Position) -> dict[str, str | None]:
    """One position that is not flat."""
    printer = renderer.printers[symbol]
    price, quantity = printer.price.decimals, printer.quantity.decimals
    book = engine.books.get(symbol)
    last = book.last_price if book else 0
    return {
        "symbol": symbol,
        "quantity": to_text(position.quantity, quantity),
        "average_price": to_text(position.average_price, price),
        "realised": to_text(position.realised, price),
        "unrealised": to_text(unrealised(position, last), price) if last else None,
        "fees": to_text(position.fees, price),
    }


def unrealised(position: Position, last: int) -> int:
    """Unrealised profit of the open part at the last price, without fees, rounded half to even at 8 decimals."""
    shares = position.shares
    return divide_half_even((last * shares - position.cost) * position.quantity, shares * UNIT) if shares else 0


def limits_row(symbol: str, values: list[tuple[int, int]]) -> dict[str, Any]:
    """The account's own limits in one instrument, or (symbol null) in all others; null for one that is not set."""
    own = {LIMIT_NAMES[field]: limit_value(field, value) for field, value in values}
    return {"symbol": symbol or None} | {name: own.get(name) for name in LIMIT_NAMES}


def used_rows(engine: Engine, renderer: Renderer, account: str) -> list[dict[str, Any]]:
    """Use of the account's limits by its open orders, waiting ones included, by instrument."""
    rows = []
    for symbol, book in engine.books.items():
        holding = book.holdings.get(account)
        if holding is not None and holding.open:
            decimals = renderer.printers[symbol].quantity.decimals
            rows.append(
                {
                    "symbol": symbol,
                    "open_orders": len(holding.open),
                    "open_buy_quantity": to_text(holding.buying, decimals),
                    "open_sell_quantity": to_text(holding.selling, decimals),
                }
            )
    return rows


def print_kill_switch(engine: Engine, account: str, symbol: str) -> str:
    """The switches that are on here, and how many open orders a switch for an account, a symbol or all finds."""
    switch = engine.kill_switch
    on = [{"account": name, "symbol": None} for name in switch.accounts]
    on += [{"account": None, "symbol": name} for name in switch.symbols]
    if switch.everything:
        on.append({"account": None, "symbol": None})
    found = sum(
        len(holding.open)
        for book in engine.books.values()
        if symbol in ("", book.symbol)
        for name, holding in book.holdings.items()
        if account in ("", name)
    )
    return print_object({"switches": on, "open_orders": found})
