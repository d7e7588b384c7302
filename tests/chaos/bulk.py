"""Many commands put into a journal quickly, past the gateways: for what needs a long journal."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice

from exchange.commands import Command, ListInstrument, PlaceOrder
from exchange.instrument import Instrument
from exchange.order import BUY, GTC, IOC, LIMIT, SELL
from exchange.units import UNIT
from streams.errors import StreamError
from streams.settings import StreamSettings
from streams.venue import Venue

TICK = UNIT // 100
AT_ONCE = 4_000
"""Commands under way at one time."""

RESTING_LEVELS = 2_000
ACCOUNTS = 40
"""No account may have more than so many thousand open orders of one instrument."""


async def submit(settings: StreamSettings, partition: int, commands: Iterator[Command]) -> int:
    """Put all of them into a partition's journal, in order; how many there were. Raises if one is not stored."""
    venue = await Venue.open(settings, "bulk")
    count = 0
    try:
        while chunk := list(islice(commands, AT_ONCE)):
            count += len(chunk)
            for outcome in await asyncio.gather(*(_stored(venue, partition, command) for command in chunk)):
                assert not outcome, f"refused: {outcome}"
    finally:
        await venue.close()
    return count


async def _stored(venue: Venue, partition: int, command: Command) -> str:
    try:
        return (await venue.submit(partition, command)).code
    except StreamError as error:
        return str(error)


def listing(symbol: str) -> ListInstrument:
    """An instrument with room for very many open orders."""
    terms = Instrument(symbol=symbol, ticks=[(0, TICK)], lot_size=UNIT, max_open_orders=0)
    return ListInstrument(terms)


def orders(symbol: str, total: int, resting: int) -> Iterator[Command]:
    """So many orders, of which `resting` stay open away from the market; the others trade in pairs and are done."""
    every = max(1, total // resting) if resting else 0
    rested = 0
    for number in range(total):
        account, name = f"bulk-{number % ACCOUNTS}", f"{symbol}-{number}"
        if every and number % every == 0 and rested < resting:
            rested += 1
            side = rested % 2
            away = 1 + rested % RESTING_LEVELS
            price = (10_000 - away if side == BUY else 11_000 + away) * TICK
            yield PlaceOrder(account, symbol, name, side, LIMIT, 10 * UNIT, price, time_in_force=GTC)
        else:
            # A sell that rests at 105 and the buy behind it that takes it.
            side, force = ((SELL, GTC), (BUY, IOC))[(number - rested) % 2]
            yield PlaceOrder(account, symbol, name, side, LIMIT, UNIT, 10_500 * TICK, time_in_force=force)
