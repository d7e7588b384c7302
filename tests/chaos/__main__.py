"""`python -m tests.chaos [SCENARIO …]`: do it and print what was measured; exit code 1 if anything did not hold."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import structlog
from rich.console import Console

from openbell.local.logs import LogSettings, configure
from tests.chaos.findings import Findings, table
from tests.chaos.run import Run, Scenario
from tests.chaos.scenarios.table import SCENARIOS

log = structlog.get_logger()


def main() -> None:
    """Run what was asked for."""
    asked = _arguments()
    configure(LogSettings())
    directory = Path(tempfile.mkdtemp(prefix="openbell-chaos-"))
    all_findings = []
    for name in asked.scenario:
        scenario, usual = SCENARIOS[name]
        given = {key: value for key in ("seed", "times", "seconds") if (value := getattr(asked, key)) is not None}
        own = directory / name
        own.mkdir()
        log.info("chaos.begins", scenario=name, directory=str(own), **given)
        all_findings.append(asyncio.run(_run(name, scenario, replace(usual, directory=own, **given))))
        Console(stderr=True, width=160).print(table(all_findings[-1:]))
    Console(width=160).print(table(all_findings))
    sys.exit(0 if all(findings.hold for findings in all_findings) else 1)


async def _run(name: str, scenario: Scenario, run: Run) -> Findings:
    try:
        return await scenario(run)
    except Exception as error:
        log.exception("chaos.failed", scenario=name)
        findings = Findings(name)
        findings.measure(
            "the scenario itself", f"{type(error).__name__}: {error}"[:300], "comes to its end", holds=False
        )
        return findings


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("scenario", nargs="+", choices=sorted(SCENARIOS))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--times", type=int)
    parser.add_argument("--seconds", type=float)
    return parser.parse_args()


if __name__ == "__main__":
    main()
