"""`openbell replay lobster …`: the command line of a replay and its report; `evidence` has its own module."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from openbell.api import DEFAULT_URL, Api, path_of
from openbell.client import Client, ClientSettings
from openbell.client.errors import OpenbellError
from openbell.commands.admin import DEFAULT_DIRECTORY
from openbell.errors import WRONG_USE, Fault
from openbell.local import logs
from openbell.local.data_dir import DataDir
from openbell.local.demo_instruments import instruments
from openbell.local.terminal import console_for_tables
from openbell.local.tokens import own_admin_token, token_for
from openbell.replay import lobster
from openbell.replay.comparison import Comparison, compare
from openbell.replay.evidence import evidence_command
from openbell.replay.run import Result, Script, replay

app = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown")
app.command("evidence")(evidence_command)

TOKEN_SECONDS: Final = 3_600
LISTING: Final = {"tick_size": "0.01", "lot_size": "1", "reason": "replay"}


@app.callback()
def main() -> None:
    """Send recorded order flow through a running exchange, or repeat what stopped a partition."""


@app.command("lobster")
def lobster_command(
    messages: Annotated[Path, typer.Argument(help="The message file; may be compressed (.gz).")],
    book: Annotated[Path, typer.Option(help="The recorded book, a row for each message.")],
    opening: Annotated[Path, typer.Option(help="A recorded book whose first row has many levels.")],
    symbol: Annotated[str, typer.Option(help="The instrument to trade; it is listed if it is not.")] = "AAPL",
    url: Annotated[str, typer.Option(envvar="OPENBELL_URL", help="Where the exchange is.")] = DEFAULT_URL,
    token: Annotated[str, typer.Option(envvar="OPENBELL_TOKEN", help="May trade for every account.")] = "",
    data_dir: Annotated[
        Path, typer.Option(envvar="OPENBELL_DATA_DIR", help="Of a local exchange; signs a token when none is given.")
    ] = Path(DEFAULT_DIRECTORY),
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report as JSON.")] = False,
) -> None:
    """Replay LOBSTER messages and compare best bid and ask after each with the recorded ones.

    The exit code is 0 when every row is equal or its difference explained and nothing was refused.

    The first row of --opening has to be the book after the first message, whatever that message is; messages that say
    nothing about the displayed book, or nothing that can be used, are counted and passed over.

    Example: `openbell replay lobster message_50.csv --book orderbook_50.csv --opening orderbook_50.csv`
    """
    logs.configure(logs.LogSettings.from_environment(os.environ))
    for path in (messages, book, opening):
        if not path.is_file():
            raise Fault(f"there is no file {path}", "LOBSTER's samples: https://lobsterdata.com", code=WRONG_USE)
    events = lobster.read_messages(messages)
    recorded = lobster.read_tops(book)[: len(events)]
    if len(recorded) < len(events):
        what = f"{book} has {len(recorded):,} rows for the {len(events):,} messages of {messages}"
        raise Fault(what, "Give the book that was recorded with these messages.", code=WRONG_USE)
    start = lobster.read_opening(opening, events[0])
    _list(symbol, Api(url, token or own_admin_token(DataDir(data_dir))))
    script = Script(symbol, start, events)
    trader = token or token_for(DataDir(data_dir), "replay", "read trade", TOKEN_SECONDS, "*")
    result = _run(url, trader, symbol, script)
    comparison = compare(events, start, recorded, result.shown)
    (_print_json if as_json else _print)(comparison, script, result)
    raise typer.Exit(1 if comparison.unexplained or result.refused else 0)


def _list(symbol: str, api: Api) -> None:
    if symbol not in {row["symbol"] for row in instruments(api)}:
        api.put(path_of(symbol), LISTING)


def _run(url: str, token: str, symbol: str, script: Script) -> Result:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("orders", total=len(script.requests))
        try:
            return asyncio.run(_with_client(url, token, symbol, script, progress, task))
        except OpenbellError as error:
            raise Fault(str(error), "The replay cannot be taken up again: repeat it with another --symbol.") from error


async def _with_client(url: str, token: str, symbol: str, script: Script, progress: Progress, task: Any) -> Result:  # noqa: ANN401 - rich's
    async with Client(url, token, ClientSettings(feed_messages_max=len(script.requests) + 1)) as client:
        return await replay(client, symbol, script, lambda sent: progress.advance(task, sent))


def _print(comparison: Comparison, script: Script, result: Result) -> None:
    console = console_for_tables()
    table = Table(box=None, show_header=False)
    table.add_row("rows", f"{comparison.rows:,}")
    table.add_row("equal", f"{comparison.equal:,} (best bid and ask, prices and sizes)")
    table.add_row("different", f"{len(comparison.differences):,}, of them unexplained {comparison.unexplained:,}")
    for what, number in script.plan.counts.items():
        table.add_row(what, f"{number:,}")
    table.add_row("executed out of priority", f"{len(script.plan.out_of_priority):,}")
    table.add_row("refused", ", ".join(f"{number} {code}" for code, number in result.refused.items()) or "0")
    table.add_row("commands", f"{result.commands:,} in {result.seconds:.1f} s, {_rate(result):,.0f} a second")
    console.print(table)
    for why, group in groupby(comparison.differences, key=lambda difference: difference.why):
        rows = list(group)
        console.print(f"rows {rows[0].row:,} to {rows[-1].row:,}, {len(rows)} of them: {why or 'no explanation'}")
        console.print(f"  the first: recorded {rows[0].recorded}\n             shown    {rows[0].shown}")


def _print_json(comparison: Comparison, script: Script, result: Result) -> None:
    report = {
        "rows": comparison.rows,
        "equal": comparison.equal,
        "different": len(comparison.differences),
        "unexplained": comparison.unexplained,
        "messages": dict(script.plan.counts),
        "executed_out_of_priority": script.plan.out_of_priority,
        "refused": dict(result.refused),
        "commands": result.commands,
        "seconds": round(result.seconds, 3),
        "commands_per_second": round(_rate(result)),
        "differences": [asdict(difference) for difference in comparison.differences],
    }
    typer.echo(json.dumps(report))


def _rate(result: Result) -> float:
    return result.commands / result.seconds
