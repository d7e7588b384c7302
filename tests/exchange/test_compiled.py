"""The compiled and the interpreted core are one core: same journal, same bytes, under any hash seed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import compile_core
import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json
from dataclasses import replace
from hashlib import sha256

import exchange.engine
import streams.partition.partition
from exchange.commands import ListInstrument, PlaceOrder
from streams.wire.codec import encode_batch, encode_command
from streams.partition.partition import Partition
from streams.partition.state import partition_parts, restored
from tests.support.random_choices import Seeded
from tests.support.random_commands import PLAIN, START, WIDE
from tests.support.random_days import day_step

choose = Seeded(20261122)
partition, events, rendered, now = Partition(0), sha256(), sha256(), START
engine, journal = partition.engine, []
commands = [WIDE, ListInstrument(PLAIN)]
for number in range(1, 1501):
    while len(commands) < 4:
        step = day_step(choose)
        now += step.wait
        placed = {order_id: order.command for order_id, order in engine.orders.items()}
        alive = [order_id for order_id, order in engine.orders.items() if order.open_quantity]
        command = step.command_at(now, placed, alive)
        if isinstance(command, PlaceOrder) and not command.client_order_id:
            command = replace(command, client_order_id=f"n{number}.{len(commands)}")
        commands.append(command)
    data = encode_batch("test", number, [encode_command(c) for c in commands])
    journal.append((data, now))
    output = partition.answer(data, number, now)
    commands = []
    events.update(output.events)
    rendered.update(repr((output.results, output.reports, output.market_data)).encode())
restored = sha256(repr(list(partition_parts(restored(0, partition_parts(partition))))).encode())
skimmed = Partition(0)
for number, (data, at) in enumerate(journal, start=1):
    skimmed.skim(data, number, at)
print(json.dumps({
    "compiled": [module.__file__.endswith(".so") for module in (exchange.engine, streams.partition.partition)],
    "events": events.hexdigest(),
    "rendered": rendered.hexdigest(),
    "restored": restored.hexdigest(),
    "chain": partition.chain.hex(),
    "skimmed": skimmed.chain.hex(),
    "digest": engine.digest(),
    "trades": sum(book.last_trade_id for book in engine.books.values()),
}))
"""


def run(folder: Path, hash_seed: str) -> dict[str, Any]:
    """What the program finds with the core of `folder`."""
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONHASHSEED": hash_seed}
    output = subprocess.check_output([sys.executable, "-P", "-c", PROGRAM], env=environment, cwd=folder, text=True)
    found: dict[str, Any] = json.loads(output)
    return found


@pytest.fixture
def interpreted(tmp_path: Path) -> Path:
    """A folder with the core's sources alone."""
    for folder in ("exchange", "streams"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return tmp_path


def test_both_forms_give_the_same_bytes_under_any_hash_seed(interpreted: Path) -> None:
    """Two hash seeds, compiled and interpreted: for the same journal the same EVENTS, chain, state and frames."""
    slow = run(interpreted, "1")
    assert slow["compiled"] == [False, False]
    assert slow["skimmed"] == slow["chain"]
    assert slow["trades"] > 100, "a journal without trades proves little"
    assert run(interpreted, "2") == slow
    quick = run(ROOT, "3")
    if quick["compiled"] == [False, False]:
        pytest.skip("the core of this tree is not compiled (no C compiler, or make build has not run)")
    assert quick == slow | {"compiled": [True, True]}


def test_the_compiled_core_is_not_older_than_its_sources() -> None:
    """What runs is what is written: `make build` leaves no stale module behind."""
    if not compile_core.compiled():
        pytest.skip("the core of this tree is not compiled (no C compiler, or make build has not run)")
    assert compile_core.is_current()


def test_what_is_compiled_is_there() -> None:
    """Neither list of the compiler names a room or a file that has gone or been renamed."""
    named = (*compile_core.COMPILED, *compile_core.NOT_COMPILED)
    assert [name for name in named if not (ROOT / name).exists()] == []
