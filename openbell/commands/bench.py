"""`openbell bench engine` and `openbell bench path`: the command line of the benches."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from openbell.local.terminal import console_for_tables, table_of

if TYPE_CHECKING:
    from openbell.bench.engine import Run
    from openbell.bench.load import Findings

# ruff: noqa: PLC0415 - what runs as a module in a child may not have been imported with its package

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
notes = Console(stderr=True, highlight=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


@app.command()
def engine(
    commands: Annotated[int, typer.Option(min=1_000, help="Of the made flow.")] = 300_000,
    rounds: Annotated[int, typer.Option(min=1, max=99, help="Each times every form of every flow.")] = 3,
    data: Annotated[
        Path, typer.Option(envvar="OPENBELL_DATA", help="Where `lobster/` is; without it only the made flow runs.")
    ] = Path("../shared/data"),
    as_json: AsJson = False,
) -> None:
    """Time the matching engine alone, compiled and interpreted in turn.

    Example: `openbell bench engine --commands 300000 --json`
    """
    from openbell.bench.engine import measure

    figures = measure(commands, rounds, data, _tell_run)
    if as_json:
        typer.echo(json.dumps([{**asdict(one), "ratio": one.ratio} for one in figures]))
        return
    table = table_of("flow", "commands", "levels", "trades", "refused", "interpreted", "compiled", "ratio")
    for one in figures:
        counts = (f"{number:,}" for number in (one.commands, one.levels, one.trades, one.refused))
        compiled = "none here" if one.compiled is None else f"{one.compiled:,.0f}/s"
        ratio = "" if one.ratio is None else f"{one.ratio:.2f}"
        table.add_row(one.flow, *counts, f"{one.interpreted:,.0f}/s", compiled, ratio)
    console_for_tables().print(table)


@app.command()
def path(
    seconds: Annotated[float, typer.Option(min=0.5, help="Of each measurement, after a warm-up.")] = 5.0,
    clients: Annotated[int, typer.Option(min=1, max=1_000, help="Connections.")] = 8,
    in_flight: Annotated[int, typer.Option(min=1, max=900, help="Requests each keeps unanswered.")] = 64,
    full: Annotated[int, typer.Option(min=1, max=900, help="The same, to find the most that a chain can do.")] = 256,
    rounds: Annotated[int, typer.Option(min=1, max=99, help="Each measures both chains in turn.")] = 3,
    rate: Annotated[float, typer.Option(min=1, help="Orders a second in the open loop.")] = 3_000,
    as_json: AsJson = False,
) -> None:
    """Time orders through a whole exchange and, in turn, through the same chain with no exchange in it.

    Of ten orders five rest, four are cancels and one takes. Everything runs on this machine, and storage is written
    through to the disk for every batch.

    Example: `openbell bench path --seconds 5 --rounds 3 --json`
    """
    from openbell.bench.path import LoadPlan, measure

    report = asyncio.run(measure(LoadPlan(seconds, clients, in_flight, full, rounds, rate), _tell_findings))
    if as_json:
        typer.echo(json.dumps(asdict(report)))
        return
    table = table_of("mode", "chain", "orders/s", "p50 ms", "p99 ms", "p99.9 ms")
    for row in report.rows:
        table.add_row(row.mode, row.chain, f"{row.rate:,.0f}", *(f"{ms:.2f}" for ms in (row.p50, row.p99, row.p999)))
    console = console_for_tables()
    console.print(table)
    console.print(f"most throughput, real to floor {report.throughput_ratio:.2f}")
    console.print(f"unloaded p50, real to floor    {report.unloaded_p50_ratio:.2f}")
    if report.refused:
        console.print(f"refused unexpectedly           {report.refused}")


def _tell_run(run: Run) -> None:
    notes.print(f"{run.flow} {run.form}: {run.rate:,.0f} commands/s")


def _tell_findings(mode: str, chain: str, findings: Findings) -> None:
    notes.print(f"{mode} {chain}: {findings.rate:,.0f} orders/s, p50 {findings.p50:.2f} ms, p99 {findings.p99:.2f} ms")
