"""Engine bench: times the engine alone, compiled and interpreted in turn, each time in a process of its own.

The interpreted engine is a copy of the Python files of `exchange/` and `streams/`, which are compiled together, put
first on the child's path. Run as a module this file is that child: it prints one measurement as JSON.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import exchange
import streams
from exchange.engine import Engine
from exchange.events import Rejected, Traded
from openbell.bench.flow import SYMBOL, Flow, MadeFlow, recorded_flow
from openbell.core import is_compiled
from streams.collector import look_at_young

SEED: Final = 20_121_106
STEP_NS: Final = 1_000
"""Journal time from one command to the next."""

CHUNK: Final = 1_000
"""Commands between two discards of events: a leader keeps events no longer either. As many as a leader carries out
between two garbage collections under full load."""

MESSAGES: Final = "lobster/AAPL_2012-06-21_message_50.0930-1030.csv.gz"
OPENING: Final = "lobster/AAPL_2012-06-21_orderbook_L50.first672.csv.gz"


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement."""

    flow: str
    form: str
    commands: int
    seconds: float
    trades: int
    refused: int
    levels: int

    @property
    def rate(self) -> float:
        """Commands a second."""
        return self.commands / self.seconds


@dataclass(frozen=True, slots=True)
class Figures:
    """The medians of one flow: commands a second, and the speedup of the compiled form."""

    flow: str
    commands: int
    interpreted: float
    compiled: float | None
    trades: int
    refused: int
    levels: int

    @property
    def ratio(self) -> float | None:
        """Compiled to interpreted; None if nothing is compiled here."""
        return None if self.compiled is None else self.compiled / self.interpreted


def measure(commands: int, rounds: int, data: Path, advance: Callable[[Run], None]) -> list[Figures]:
    """Time every flow in every form, in turn; `advance` is called with each run."""
    flows = ["made", "recorded"] if (data / MESSAGES).exists() else ["made"]
    runs: list[Run] = []
    with TemporaryDirectory() as directory:
        copied = _copy_sources(Path(directory))
        for _ in range(rounds):
            for flow in flows:
                for path in _forms(copied):
                    runs.append(_run_child(path, flow, commands, data))
                    advance(runs[-1])
    return [_figures([run for run in runs if run.flow == flow]) for flow in flows]


def time_flow(flow: Flow) -> tuple[float, Engine, list[int]]:
    """Carry a flow out: seconds, the engine afterwards, and the numbers of trades and refusals.

    Seconds are this process's CPU time: the engine never waits, and other work of the machine does not count.
    """
    engine = Engine()
    for at, command in enumerate(flow.before, 1):
        engine.apply(command, at, at * STEP_NS)
    counts: Counter[type] = Counter()
    seconds, apply, clock = 0.0, engine.apply, time.process_time
    for start in range(0, len(flow.timed), CHUNK):
        chunk = enumerate(flow.timed[start : start + CHUNK], len(flow.before) + start + 1)
        began = clock()
        batches = [apply(command, at, at * STEP_NS) for at, command in chunk]
        carried_out = clock()
        counts.update([type(event) for batch in batches for event in batch])
        went_on = clock()
        batches.clear()
        look_at_young()
        seconds += clock() - went_on + carried_out - began
    return seconds, engine, [counts[Traded], counts[Rejected]]


def _forms(copied: Path) -> Iterator[Path | None]:
    yield copied
    if is_compiled():
        yield None


def _copy_sources(directory: Path) -> Path:
    for package in (exchange, streams):
        wanted = shutil.ignore_patterns("*.so", "*.pyd", "__pycache__", "*.conf")
        shutil.copytree(package.__path__[0], directory / package.__name__, ignore=wanted)
    return directory


def _run_child(path: Path | None, flow: str, commands: int, data: Path) -> Run:
    root = Path(__file__).resolve().parents[2]
    paths = ([str(path)] if path else []) + [str(root)]
    child = subprocess.run(
        [sys.executable, "-m", "openbell.bench.engine", flow, str(commands), str(data.resolve())],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        cwd=path,
        check=True,
        capture_output=True,
        text=True,
    )
    return Run(**json.loads(child.stdout))


def _figures(runs: list[Run]) -> Figures:
    rates = {form: [run.rate for run in runs if run.form == form] for form in ("interpreted", "compiled")}
    one = runs[0]
    return Figures(
        flow=one.flow,
        commands=one.commands,
        interpreted=median(rates["interpreted"]),
        compiled=median(rates["compiled"]) if rates["compiled"] else None,
        trades=one.trades,
        refused=one.refused,
        levels=one.levels,
    )


def _child(flow_name: str, commands: int, data: Path) -> Run:
    made = flow_name == "made"
    flow = MadeFlow(SEED).make(commands) if made else recorded_flow(data / MESSAGES, data / OPENING)
    # The flow is no part of an engine's memory, and a worker collects garbage at such times only.
    gc.collect()
    gc.freeze()
    gc.set_threshold(0)
    seconds, engine, (trades, refused) = time_flow(flow)
    sides = engine.books[SYMBOL].sides
    levels = sum(len(side.depth(0)) for side in sides)
    form = "compiled" if is_compiled() else "interpreted"
    return Run(flow_name, form, len(flow.timed), seconds, trades, refused, levels)


if __name__ == "__main__":
    print(json.dumps(asdict(_child(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])))))  # noqa: T201 - the parent reads it
