"""The command line: `openbell --help`.

Each command's arguments are read here; its work is done in the module of its name, loaded only when the command is
called, so that help is quick and a broken role does not break the others.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape

from openbell.api import DEFAULT_URL
from openbell.commands import admin, admin_actions
from openbell.errors import Fault
from openbell.local.data_dir import DataDir

# ruff: noqa: PLC0415 - see above

MOUNTED: Final = {
    "replay": "Send recorded order flow through a running exchange, or repeat what stopped a partition.",
    "bench": "Measure the engine alone, and the path of an order against a floor without an exchange.",
}
"""Sub-commands with commands of their own: each `app` is loaded when it is called."""

COMPLETION: Final = "_OPENBELL_COMPLETE"
"""Set by the shell when it asks for completions."""

app = typer.Typer(
    name="openbell",
    help="An open-source stock exchange. `openbell up --demo` runs all of it in this terminal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
admin.app.add_typer(admin_actions.app)
app.add_typer(admin.app, name="admin")

DirectoryOption = Annotated[
    Path,
    typer.Option("--data-dir", envvar="OPENBELL_DATA_DIR", help="Where the exchange keeps its journals and secrets."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def say_version(asked: bool) -> None:
    """Print what `openbell version` prints, and end."""
    if asked:
        version()
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=say_version, is_eager=True, help="Say which Openbell this is.")
    ] = False,
) -> None:
    """Read what stands before a command: nothing but --version."""


@app.command()
def up(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Where the gateways listen; 0 is any free one.")] = 8080,
    host: Annotated[str, typer.Option(help="The address they listen on; 0.0.0.0 is all.")] = "127.0.0.1",
    data_dir: DirectoryOption = Path(admin.DEFAULT_DIRECTORY),
    demo: Annotated[bool, typer.Option(help="List eight instruments and run bots that trade them.")] = False,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that match orders.")] = 1,
    gateways: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve clients, on one port.")] = 1,
    partitions: Annotated[
        int,
        typer.Option(
            envvar="OPENBELL_PARTITIONS",
            min=1,
            max=256,
            help="Journals that instruments are spread over; fixed at the first start.",
        ),
    ] = 4,
    nats_url: Annotated[
        str, typer.Option(envvar="OPENBELL_NATS_URL", help="A NATS server to use instead of an embedded one.")
    ] = "",
    calendars: Annotated[
        str, typer.Option(envvar="OPENBELL_CALENDARS", help="Trading days: a TOML file, or a folder of such files.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Run a whole exchange in this terminal; Ctrl-C ends it.

    Example: `openbell up --demo`, then open http://127.0.0.1:8080

    Example: `openbell up --port 9000 --data-dir /srv/exchange --workers 2 --gateways 2`
    """
    from openbell.local.up import UpSettings, run

    run(
        UpSettings(
            host=host,
            port=port,
            data_dir=DataDir(data_dir),
            demo=demo,
            workers=workers,
            gateways=gateways,
            partitions=partitions,
            nats_url=nats_url,
            calendars=calendars,
            as_json=as_json,
        ),
        os.environ,
    )


@app.command()
def init(data_dir: DirectoryOption = Path(admin.DEFAULT_DIRECTORY)) -> None:
    """Make a data directory and the secret that signs tokens, and nothing else; what is there stays.

    Example: `openbell init --data-dir /srv/exchange`
    """
    DataDir(data_dir).prepare()
    typer.echo(f"{data_dir} is ready.")


@app.command()
def gateway() -> None:
    """Serve clients: one gateway, configured by OPENBELL_* in the environment.

    Example: `OPENBELL_PORT=8081 OPENBELL_NATS_URL=nats://10.0.0.5:4222 OPENBELL_JWKS=keys.json openbell gateway`
    """
    from openbell.local import roles

    roles.run_gateway(os.environ)


@app.command()
def worker() -> None:
    """Match orders: one worker, configured by OPENBELL_* in the environment.

    Example: `OPENBELL_NATS_URL=nats://10.0.0.5:4222 OPENBELL_PARTITIONS=4 openbell worker`
    """
    from openbell.local import roles

    roles.run_worker(os.environ)


@app.command()
def nats(
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where it listens, on 127.0.0.1.")] = 4222,
    data_dir: DirectoryOption = Path(admin.DEFAULT_DIRECTORY),
) -> None:
    """Keep the journals: the embedded nats-server alone.

    Example: `openbell nats --port 4222 --data-dir /srv/exchange`
    """
    from openbell.local import roles

    roles.become_nats(DataDir(data_dir).nats, port, os.environ)


@app.command()
def bots(
    url: admin.Url = DEFAULT_URL,
    data_dir: DirectoryOption = Path(admin.DEFAULT_DIRECTORY),
) -> None:
    """Trade the demo's instruments: makers around a moving price, and takers. `openbell up --demo` runs this.

    Example: `openbell bots --url http://127.0.0.1:8080`
    """
    from openbell.local import roles

    roles.run_bots(url, DataDir(data_dir), os.environ)


@app.command()
def token(
    account: Annotated[str, typer.Option(help="The trading account that orders belong to.")],
    scope: Annotated[str, typer.Option(help="One or more of: read trade admin.")] = "read trade",
    accounts: Annotated[str, typer.Option(help='Others it may act for: "a,b", or "*" for all.')] = "",
    ttl: Annotated[str, typer.Option(help="How long it lasts, at most 24h.")] = "1h",
    data_dir: DirectoryOption = Path(admin.DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Mint a token for a local exchange, signed with the secret of its data directory.

    Example: `openbell token --account alice --scope "read trade" --ttl 8h`

    Example: `export OPENBELL_TOKEN=$(openbell token --account ops --scope "read trade admin" --accounts "*")`
    """
    from openbell.durations import seconds_of
    from openbell.local.tokens import token_for

    seconds = seconds_of(ttl, "--ttl")
    minted = token_for(DataDir(data_dir), account, scope, seconds, accounts)
    facts = {"token": minted, "account": account, "scope": scope, "expires_in": seconds}
    typer.echo(json.dumps(facts) if as_json else minted)


@app.command()
def calendar(
    code: Annotated[str, typer.Argument(help="Of an exchange, as exchange_calendars knows it: XETR, XNYS, XLON …")],
    first: Annotated[int, typer.Option("--from", min=1990, max=2200, help="The first year.")],
    last: Annotated[int, typer.Option("--to", min=1990, max=2200, help="The last year.")],
    name: Annotated[str, typer.Option(help="What listings call it; the code in small letters if not given.")] = "",
    pre_open: Annotated[str, typer.Option(help="So long before the opening call orders are taken: 30m.")] = "",
    opening_call: Annotated[str, typer.Option(help="It begins so long before the open: 10m.")] = "",
    closing_call: Annotated[str, typer.Option(help="It begins at the close and lasts so long: 5m.")] = "",
) -> None:
    """Print the trading days of a real exchange as TOML for OPENBELL_CALENDARS; look at it before you use it.

    Example: `openbell calendar XETR --from 2026 --to 2027 --opening-call 10m --closing-call 5m > xetra.toml`
    """
    from openbell.commands.calendar import Calls, export

    typer.echo(export(code, first, last, name, Calls(pre_open, opening_call, closing_call)), nl=False)


@app.command()
def doctor(
    url: Annotated[str, typer.Option(help="Where the exchange is; of a local one it is known.")] = "",
    nats_url: Annotated[
        str, typer.Option(envvar="OPENBELL_NATS_URL", help="Its NATS server; of a local exchange it is known.")
    ] = "",
    data_dir: DirectoryOption = Path(admin.DEFAULT_DIRECTORY),
    only: Annotated[list[str] | None, typer.Option(help="A check to make; may be repeated. All if none.")] = None,
    strict: Annotated[bool, typer.Option(help="Warnings count as failures.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with this set-up and how to mend it; the exit code is 0 if nothing failed.

    Example: `openbell doctor`

    Example: `openbell doctor --only nats --only topology --strict --json`
    """
    from openbell.doctor import report
    from openbell.doctor.finding import Setup

    findings = report.examine(Setup.found(DataDir(data_dir), url, nats_url, os.environ), only or [])
    (report.show_json if as_json else report.show)(findings)
    raise typer.Exit(report.exit_code(findings, strict=strict))


@app.command()
def audit(
    first: Annotated[int, typer.Option("--from", min=1, help="Begin at this sequence, or at a checkpoint before.")] = 1,
    last: Annotated[int, typer.Option("--to", min=0, help="End there; 0 is all that is answered.")] = 0,
    partition: Annotated[list[int] | None, typer.Option(help="Only this one; may be repeated.")] = None,
    nats_url: Annotated[
        str, typer.Option(help="The NATS server of an exchange; that of --data-dir if none is given.")
    ] = "",
    data_dir: DirectoryOption = Path(admin.DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Replay the journals and compare every byte of the events; says at which sequence something is wrong, and what.

    Of a running exchange it only reads; of one that is stopped it looks at a copy. The exit code is 0 when nothing was
    found, 1 when something was. Two audits of one exchange to the same sequence print the same digest.

    Example: `openbell audit`

    Example: `openbell audit --from 1000 --to 250000 --partition 3 --json`
    """
    from openbell.commands.audit import run

    run(first, last, partition or [], nats_url, DataDir(data_dir), as_json=as_json)


@app.command()
def version(as_json: AsJson = False) -> None:
    """Say which Openbell this is, and on what it runs.

    Example: `openbell version --json`
    """
    try:
        installed = version_of("openbell")
    except PackageNotFoundError:
        installed = "(source tree, not installed)"
    facts = {"openbell": installed, "python": ".".join(str(part) for part in sys.version_info[:3])}
    typer.echo(json.dumps(facts) if as_json else f"openbell {facts['openbell']} on Python {facts['python']}")


def main() -> None:
    """Run one command; a `Fault` is printed without a traceback."""
    mount(sys.argv[1:2])
    try:
        app()
    except Fault as fault:
        sys.exit(told(fault))


def mount(called: list[str]) -> None:
    """Add the sub-commands of MOUNTED: loaded when called or completed, otherwise only their line of help."""
    for name, line in MOUNTED.items():
        if name in called or COMPLETION in os.environ:
            app.add_typer(import_module(f"openbell.commands.{name}").app, name=name, help=line)
        else:
            app.command(name, help=line)(lambda: None)


def told(fault: Fault) -> int:
    """Print a fault and how to mend it; the exit code."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(f"[bold red]error:[/] {escape(fault.what)}")
    if fault.mend:
        console.print(f"  {escape(fault.mend)}")
    return fault.code
