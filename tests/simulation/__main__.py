# ruff: noqa: T201 - it is there to be read
"""`make simulate SEEDS=2000`: many seeds on all cores, or one again, exactly, with everything that happened in it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from multiprocessing import Pool
from traceback import format_exc

from tests.simulation.run import Result, simulate

SEEDS_PER_PROCESS = 50
"""Then a process is replaced by a fresh one, so that memory stays flat."""


def main() -> int:
    """0 if everything was true, 1 if not."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="only this one, telling what happens")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    if arguments.seed is not None:
        results = [simulate(arguments.seed, print)]
        _print_problems(results[0])
    else:
        results = _run_all(range(arguments.first, arguments.first + arguments.seeds), arguments.processes)
    failed = [result for result in results if result.problems]
    _print_counts(results)
    print(f"{len(results)} seeds, {len(failed)} failed")
    return 1 if failed else 0


def _run_all(seeds: range, processes: int) -> list[Result]:
    results: list[Result] = []
    began = time.monotonic()
    with Pool(processes, maxtasksperchild=SEEDS_PER_PROCESS) as pool:
        for result in pool.imap_unordered(_simulate, seeds):
            results.append(result)
            _print_problems(result)
            bad = sum(bool(each.problems) for each in results)
            seconds = time.monotonic() - began
            line = f"\r{len(results)}/{len(seeds)} seeds, {bad} failed, {seconds:.0f} s "
            if sys.stderr.isatty() or len(results) % SEEDS_PER_PROCESS == 0:
                print(line, end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return sorted(results)


def _simulate(seed: int) -> Result:
    """One seed of many: should the simulation itself break, the others are played all the same."""
    try:
        return simulate(seed)
    except Exception:
        return Result(seed, [f"the simulation broke\n{format_exc()}"], Counter(), 0, 0, 0.0, "")


def _print_problems(result: Result) -> None:
    if result.problems:
        print(f"\nseed {result.seed} (again: make simulate SEED={result.seed})")
        print("\n".join(f"  {problem}" for problem in result.problems), flush=True)


def _print_counts(results: list[Result]) -> None:
    counts: Counter[str] = Counter()
    for result in results:
        counts += result.faults
    print(f"\n{sum(counts.values())} faults injected:")
    for kind, count in sorted(counts.items()):
        print(f"  {count:8}  {kind}")
    commands, answers = sum(result.commands for result in results), sum(result.answers for result in results)
    print(f"{commands} commands stored, {answers} answers checked against them")


if __name__ == "__main__":
    sys.exit(main())
