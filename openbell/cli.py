"""The command line: `openbell --help`.

Each command reads its words here and does its work in the module of its name, loaded only when it is called.
"""

from __future__ import annotations

import os
import sys

import typer
from rich.console import Console
from rich.markup import escape

from openbell.faults import Fault

app = typer.Typer(
    name="openbell",
    help="An open-source stock exchange. `openbell up` runs all of it in this terminal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)


@app.command()
def gateway() -> None:
    """Serve clients: one gateway, configured by OPENBELL_* in the environment."""
    from openbell import roles  # noqa: PLC0415

    roles.run_gateway(os.environ)


@app.command()
def worker() -> None:
    """Match orders: one worker, configured by OPENBELL_* in the environment."""
    from openbell import roles  # noqa: PLC0415

    roles.run_worker(os.environ)


def main() -> None:
    """Run one command; a `Fault` is told without a traceback."""
    try:
        app()
    except Fault as fault:
        console = Console(stderr=True, highlight=False)
        console.print(f"[bold red]error:[/] {escape(fault.what)}", soft_wrap=True)
        if fault.mend:
            console.print(f"  {escape(fault.mend)}", soft_wrap=True)
        sys.exit(fault.code)
