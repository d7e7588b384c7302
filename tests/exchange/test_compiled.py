"""The compiled and the interpreted engine are one engine: same journal, same bytes, under any hash seed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import json
from dataclasses import replace
from hashlib import sha256

import exchange.engine
from exchange.commands import ListInstrument, PlaceOrder
from streams.codec import encode_batch, encode_command
from streams.partition import Partition
from tests.support.random_choices import Seeded
from tests.support.random_commands import PLAIN, START, WIDE, random_step

choose = Seeded(20261122)
partition, events, now = Partition(0), sha256(), START
engine = partition.engine
commands = [WIDE, ListInstrument(PLAIN)]
for number in range(1, 1501):
    while len(commands) < 4:
        step = random_step(choose)
        now += step.wait
        placed = {order_id: order.command for order_id, order in engine.orders.items()}
        alive = [order_id for order_id, order in engine.orders.items() if order.open_quantity]
        command = step.command_at(now, placed, alive)
        if isinstance(command, PlaceOrder) and not command.client_order_id:
            command = replace(command, client_order_id=f"n{number}.{len(commands)}")
        commands.append(command)
    output = partition.answer(encode_batch("test", number, [encode_command(c) for c in commands]), number, now)
    commands = []
    events.update(output.events)
print(json.dumps({
    "compiled": exchange.engine.__file__.endswith(".so"),
    "events": events.hexdigest(),
    "chain": partition.chain.hex(),
    "digest": engine.digest(),
    "trades": sum(book.last_trade_id for book in engine.books.values()),
}))
"""


def run(folder: Path, hash_seed: str) -> dict[str, object]:
    """What the program finds with the engine of `folder`."""
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "PYTHONHASHSEED": hash_seed}
    output = subprocess.check_output([sys.executable, "-P", "-c", PROGRAM], env=environment, cwd=folder, text=True)
    return json.loads(output)


@pytest.fixture
def interpreted(tmp_path) -> Path:
    """A folder with the engine's sources alone."""
    shutil.copytree(ROOT / "exchange", tmp_path / "exchange", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    return tmp_path


def test_both_forms_give_the_same_bytes_under_any_hash_seed(interpreted):
    """Two hash seeds, compiled and interpreted: the same EVENTS bytes, chain and state for the same journal."""
    slow = run(interpreted, "1")
    assert slow["compiled"] is False
    assert slow["trades"] > 100, "a journal without trades proves little"
    assert run(interpreted, "2") == slow
    quick = run(ROOT, "3")
    if not quick["compiled"]:
        pytest.skip("the engine of this tree is not compiled (no C compiler, or make build has not run)")
    assert quick == slow | {"compiled": True}


def test_the_compiled_engine_is_not_older_than_its_sources():
    """What runs is what is written: `make build` leaves no stale module behind."""
    compiled = sorted((ROOT / "exchange").glob("*.so"))
    if not compiled:
        pytest.skip("the engine of this tree is not compiled (no C compiler, or make build has not run)")
    sources = [path for path in (ROOT / "exchange").glob("*.py") if path.name != "__init__.py"]
    assert {path.name.split(".")[0] for path in compiled} == {path.stem for path in sources}
    assert min(path.stat().st_mtime for path in compiled) >= max(path.stat().st_mtime for path in sources)
