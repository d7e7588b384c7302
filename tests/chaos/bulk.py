"""Many commands put into a journal quickly, past the gateways: for what needs a long journal."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count as count_from
from itertools import islice

from exchange.commands import Command, ListInstrument, PlaceOrder
from exchange.instrument import Instrument
from exchange.terms import BUY, GTC, IOC, LIMIT, SELL
from exchange.units import UNIT
from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import StreamReader, state_of
from streams.journal.event_writer import as_stored
from streams.partition.partition import Partition
from streams.wire.codec import COMMANDS_MAX, encode_batch, encode_command
from tests.support.nats import until

TICK = UNIT // 100
ANSWERED_SECONDS = 120.0
RESTING_LEVELS = 2_000
ACCOUNTS = 40
"""No account may have more than so many thousand open orders of one instrument."""


async def submit(connection: Connection, partition: int, commands: Iterator[Command]) -> int:
    """Put all of them into a partition's journal, in order; how many there were. Nobody need answer yet."""
    origin, subject, count = subjects.new_id(), subjects.journal(partition), 0
    for number in count_from(1):
        batch = list(islice(commands, COMMANDS_MAX))
        if not batch:
            return count
        count += len(batch)
        payload = encode_batch(origin, number, [encode_command(command) for command in batch])
        await connection.store(subject, payload, f"{origin}-{partition}-{number}")
    raise AssertionError("numbers have no end")


async def answered(connection: Connection, partition: int) -> None:
    """Wait until a worker has answered all of a journal."""

    async def in_step() -> bool:
        last = (await state_of(connection, subjects.journal_stream(partition))).last
        return (await state_of(connection, subjects.events_stream(partition))).last == last

    await until(in_step, ANSWERED_SECONDS)


async def answer(connection: Connection, number: int) -> Partition:
    """Answer a journal from its beginning in a worker's place, and tell nobody: only the events are stored."""
    last = (await state_of(connection, subjects.journal_stream(number))).last
    partition = Partition(number)
    async with StreamReader(connection, subjects.journal_stream(number), 1) as reader:
        while partition.sequence < last:
            message = await anext(reader)
            output = partition.answer(message.payload, message.sequence, message.stored_at, render=False)
            await connection.store(subjects.events(number), as_stored(output.events), "", message.sequence - 1)
    return partition


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
