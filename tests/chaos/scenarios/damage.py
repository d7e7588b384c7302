"""A journal's file damaged while nothing runs: found, named by sequence, and never another history."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from exchange.commands import Command
from streams import subjects
from streams.stream import StreamReader, read_message, state_of
from tests.chaos import bulk, nats_nodes
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.run import Run
from tests.support.nats import until

COMMANDS = 40_000
DAMAGED = 0
"""The partition whose journal is damaged; the other has to go on."""

CUT_BYTES = 2**20
SHUT_SECONDS = 30.0
LEADS_SECONDS = 30.0


async def damage(run: Run) -> Findings:
    """Fill two journals, stop, and damage copies of the store in several ways."""
    findings = Findings("damage")
    store = run.directory / "store"
    history = await _fill(run.directory / "healthy", store)
    for name, harm in (("bit flipped", flip_bit), ("megabyte cut off", cut_off_end)):
        copy = run.directory / name.replace(" ", "-")
        shutil.copytree(store, copy / "store")
        harm(journal_file(copy / "store"))
        await _look(findings, name, copy, history)
    return findings


async def _fill(directory: Path, store: Path) -> list[bytes]:
    """Two full journals; all of the first one's events."""
    exchange = Exchange(directory, gateways=0, workers=1, nodes=nats_nodes.alone(directory, store))
    try:
        await exchange.start_processes()
        for partition, symbol in enumerate(exchange.symbols):
            await bulk.submit(exchange.settings, partition, commands(symbol, COMMANDS if partition == DAMAGED else 100))
        return await _events(exchange)
    finally:
        await exchange.stop()


def commands(symbol: str, count: int) -> Iterator[Command]:
    """A listing and orders for it."""
    return chain([bulk.listing(symbol)], bulk.orders(symbol, count, count // 10))


async def _look(findings: Findings, name: str, directory: Path, history: list[bytes]) -> None:
    """Start on a damaged store and see what the exchange makes of it."""
    exchange = Exchange(directory, gateways=0, workers=1, nodes=nats_nodes.alone(directory, directory / "store"))
    try:
        await exchange.start_processes()
        stream = subjects.journal_stream(DAMAGED)
        state = await state_of(exchange.connection, stream)
        await until(lambda: _lines(exchange, "partition.leading", 1), LEADS_SECONDS)
        await _patiently(lambda: _lines(exchange, "partition.stopped", DAMAGED))
        stopped = _lines(exchange, "partition.stopped", DAMAGED)
        led = _lines(exchange, "partition.leading", DAMAGED)
        findings.notes.append(f"{name}: nats-server then holds {state.first}–{state.last} of {len(history)}")
        said = str(stopped[0].get("error"))[:160] if stopped else f"nothing; it leads: {bool(led)}"
        named = bool(stopped) and any(word.rstrip(":,.;").isdecimal() for word in said.split())
        findings.measure(f"{name}: the partition", said, "stays shut and says where", holds=named and not led)
        same = await _is_prefix(exchange, history)
        findings.measure(f"{name}: its history", "as before" if same else "another", "as before", holds=same)
    finally:
        await exchange.stop()


def _lines(exchange: Exchange, event: str, partition: int) -> list[dict[str, object]]:
    return [line for line in exchange.workers[0].lines(event) if line.get("partition") == partition]


async def _patiently(condition: Callable[[], object]) -> None:
    """Wait for a condition; that it does not come true is a finding and no error."""
    try:
        await until(condition, SHUT_SECONDS)
    except TimeoutError:
        return


async def _events(exchange: Exchange) -> list[bytes]:
    stream = subjects.events_stream(DAMAGED)
    last = (await state_of(exchange.connection, subjects.journal_stream(DAMAGED))).last

    async def in_step() -> bool:
        return (await state_of(exchange.connection, stream)).last == last

    await until(in_step, SHUT_SECONDS)
    async with StreamReader(exchange.connection, stream, 1) as reader:
        return [(await anext(reader)).payload for _ in range(last)]


async def _is_prefix(exchange: Exchange, history: list[bytes]) -> bool:
    """Whether the events that are there now are those that were there, none of them changed and none added."""
    stream = subjects.events_stream(DAMAGED)
    last = (await state_of(exchange.connection, stream)).last
    if last > len(history):
        return False
    places = {1, last // 2, last}
    found = await asyncio.gather(*(read_message(exchange.connection, stream, place) for place in places))
    return all(payload == history[place - 1] for place, payload in zip(places, found, strict=True))


def journal_file(store: Path) -> Path:
    """The largest file of the damaged partition's journal."""
    blocks = store.glob(f"jetstream/*/streams/{subjects.journal_stream(DAMAGED)}/msgs/*.blk")
    return max(blocks, key=lambda block: block.stat().st_size)


def flip_bit(file: Path) -> None:
    """Turn one bit over in the middle."""
    with file.open("r+b") as open_file:
        open_file.seek(file.stat().st_size // 2)
        (byte,) = open_file.read(1)
        open_file.seek(-1, 1)
        open_file.write(bytes([byte ^ 0x10]))


def cut_off_end(file: Path) -> None:
    """Lose the last megabyte."""
    size = file.stat().st_size
    assert size > CUT_BYTES, f"{file} has {size} bytes only"
    with file.open("r+b") as open_file:
        open_file.truncate(size - CUT_BYTES)
