"""A journal's file damaged while nothing runs: found, named by sequence, and never another history."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
from pathlib import Path

from exchange.commands import Command
from streams import subjects
from streams.broker.reader import StreamReader, read_message, state_of
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
AUDIT_SECONDS = 120.0


async def damage(run: Run) -> Findings:
    """Fill two journals, stop without and with a last checkpoint, and damage copies of the stores in two ways."""
    findings = Findings("damage")
    plain, covered = run.directory / "plain", run.directory / "covered"
    history = await _fill(run.directory / "healthy", plain)
    shutil.copytree(plain, covered)
    await _make_checkpoints(run.directory / "checkpoints", covered)
    for store, kind in ((plain, ""), (covered, ", behind a checkpoint")):
        for name, harm in (("bit flipped", flip_bit), ("megabyte cut off", cut_off_end)):
            copy = run.directory / f"{store.name}-{harm.__name__}"
            shutil.copytree(store, copy / "store")
            harm(journal_file(copy / "store"))
            await _look(findings, name + kind, copy, history)
    return findings


def _exchange(directory: Path, store: Path) -> Exchange:
    return Exchange(directory, gateways=0, workers=1, nodes=nats_nodes.alone(directory, store))


async def _fill(directory: Path, store: Path) -> list[bytes]:
    """Two full journals, left as by a power cut; all of the first one's events."""
    exchange = _exchange(directory, store)
    try:
        await exchange.start_processes()
        for partition, symbol in enumerate(exchange.symbols):
            await until(partial(_lines, exchange, "partition.leading", partition), LEADS_SECONDS)
            await bulk.submit(
                exchange.connection, partition, commands(symbol, COMMANDS if partition == DAMAGED else 100)
            )
        history = await _events(exchange)
        exchange.workers[0].kill()
    finally:
        await exchange.stop()
    return history


async def _make_checkpoints(directory: Path, store: Path) -> None:
    """Start on a store and stop in good order, which leaves a checkpoint of all there is."""
    exchange = _exchange(directory, store)
    try:
        await exchange.start_processes()
        for partition in range(exchange.settings.partitions):
            await until(partial(_lines, exchange, "partition.leading", partition), LEADS_SECONDS)
    finally:
        await exchange.stop()


def commands(symbol: str, count: int) -> Iterator[Command]:
    """A listing and orders for it."""
    return chain([bulk.listing(symbol)], bulk.orders(symbol, count, count // 10))


async def _look(findings: Findings, name: str, directory: Path, history: list[bytes]) -> None:
    """Start on a damaged store and see what the exchange and the audit make of it."""
    exchange = _exchange(directory, directory / "store")
    try:
        await exchange.start_processes()
        state = await state_of(exchange.connection, subjects.journal_stream(DAMAGED))
        findings.notes.append(f"{name}: nats-server holds {state.first}–{state.last} of {len(history)}")
        await until(lambda: _lines(exchange, "partition.leading", 1), LEADS_SECONDS)
        said, led = await _stopped(exchange)
        findings.measure(f"{name}: the worker", f"{said}; led before: {led}", "says where", holds="sequence" in said)
        found = await _audit(exchange)
        findings.measure(f"{name}: the audit", found or "finds nothing", "says where", holds="sequence" in found)
        # Whoever comes next: neither another life of the process nor another process leads it.
        await exchange.workers[0].stop()
        exchange.workers[0].start()
        await until(lambda: _lines(exchange, "partition.leading", 1), LEADS_SECONDS)
        again, leads = await _stopped(exchange)
        shut = f"{again}; leads: {leads}"
        findings.measure(f"{name}: stays shut", shut, "for the same reason", holds=again == said and not leads)
        same = await _is_prefix(exchange, history)
        findings.measure(f"{name}: its history", "as before" if same else "another", "as before", holds=same)
    finally:
        await exchange.stop()


async def _stopped(exchange: Exchange) -> tuple[str, bool]:
    """What the worker says when it stops the damaged partition, "nothing" if it does not; whether it led it before."""
    with suppress(TimeoutError):
        await until(lambda: _lines(exchange, "partition.stopped"), SHUT_SECONDS)
    stopped = _lines(exchange, "partition.stopped")
    said = str(stopped[0].get("error"))[:200] if stopped else "nothing"
    return said, bool(_lines(exchange, "partition.leading"))


async def _audit(exchange: Exchange) -> str:
    """What the audit finds wrong with the damaged partition; "" if nothing."""
    arguments = ("audit", "--nats-url", exchange.settings.nats_url, "--partition", str(DAMAGED), "--json")
    audit = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "openbell", *arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await asyncio.wait_for(audit.communicate(), AUDIT_SECONDS)
    if not audit.returncode:
        return ""
    try:
        return "; ".join(partition["finding"]["sentence"] for partition in json.loads(output)["partitions"])
    except ValueError:
        return errors.decode()[:200]


def _lines(exchange: Exchange, event: str, partition: int = DAMAGED) -> list[dict[str, object]]:
    return [line for line in exchange.workers[0].lines(event) if line.get("partition") == partition]


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
