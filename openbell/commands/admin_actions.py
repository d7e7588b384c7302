"""`openbell admin …`, actions: phases, halts, limits, kill switches, busts, and the audit of operator actions.

An action that cannot be undone needs the operator to type its subject first; `--yes` is for scripts.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer

from exchange.accounts.limits import LIMIT_NAMES
from exchange.terms import PHASE_NAMES
from openbell.api import DEFAULT_URL, Api, path_of
from openbell.commands.admin import (
    DEFAULT_DIRECTORY,
    AsJson,
    DirectoryArgument,
    Token,
    Url,
    print_answer,
    token_or_minted,
)
from openbell.durations import seconds_of
from openbell.errors import WRONG_USE, Fault
from openbell.local.terminal import console_for_tables, table_of

app = typer.Typer()

Reason = Annotated[str, typer.Option(help="Kept in the audit.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking, for scripts.")]


@app.command("phase")
def phase(
    wanted: Annotated[str, typer.Argument(help=f"One of {', '.join(PHASE_NAMES)}.", metavar="PHASE")],
    symbols: Annotated[list[str] | None, typer.Argument(help="Of these instruments.", metavar="SYMBOL…")] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="Of every instrument, one after the other.")] = False,
    kind: Annotated[str, typer.Option(help="Of an auction: opening, closing, reopening, volatility, operator.")] = "",
    lasting: Annotated[str, typer.Option("--for", help="Of an auction: it ends after 30s, 5m, 1h.")] = "",
    until: Annotated[str, typer.Option(help="Of an auction: it ends at this time, RFC 3339.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="End the halt and enter the phase.")] = False,
    reason: Annotated[str, typer.Option(help="Kept in the audit, and shown to everybody.")] = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Bring instruments into a phase: open, close, call an auction, halt, or let a halt end.

    Example: `openbell admin phase halted ACME --reason "news pending"`

    Example: `openbell admin phase auction ACME --lift --for 5m`

    Example: `openbell admin phase closed --all`
    """
    api = Api(url, token_or_minted(token, data_dir))
    body: dict[str, Any] = {"phase": wanted, "kind": kind, "until": until or end_after(lasting), "reason": reason}
    given = {name: value for name, value in body.items() if value} | ({"lift": True} if lift else {})
    answers = []
    for symbol in chosen(api, symbols or [], everywhere=everywhere):
        answer = api.post(f"{path_of(symbol)}/phase", given)
        answers.append(answer)
        if not as_json:
            end = f" until {answer['until']}" if answer["until"] else ""
            typer.echo(f"{symbol} is {answer['phase']}{end}.")
    if as_json:
        typer.echo(json.dumps(answers))


@app.command("delist")
def delist(
    symbol: Annotated[str, typer.Argument(help="It has to be closed and without orders.")],
    reason: Reason = "",
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Take an instrument off the exchange. Positions in it stay; it may be listed again.

    Example: `openbell admin delist ACME --reason "merged"`
    """
    api = Api(url, token_or_minted(token, data_dir))
    confirm(f"{symbol} will be taken off the exchange.", symbol, yes=yes)
    query = f"?{urlencode({'reason': reason})}" if reason else ""
    print_answer(api.delete(path_of(symbol) + query), as_json, f"{symbol} is listed no more.")


@app.command("account")
def account(
    name: Annotated[str, typer.Argument(help="The account; `fees` receives what trading costs.", metavar="ACCOUNT")],
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Show what an account has: cash, fees, positions and its own limits.

    Example: `openbell admin account alice`
    """
    found = Api(url, token_or_minted(token, data_dir)).get(f"/v1/admin/accounts/{quote(name, safe='')}")
    if as_json:
        typer.echo(json.dumps(found))
        return
    typer.echo(f"{name}: cash {found['cash']}, fees paid {found['fees']}")
    show(found["positions"], "no position", "symbol", "quantity", "average_price", "realised", "unrealised", "fees")
    show(found["limits"], "no limit of its own", "symbol", *LIMIT_NAMES)


@app.command("limits")
def limits(
    name: Annotated[str, typer.Argument(help="The account.", metavar="ACCOUNT")],
    symbol: Annotated[str, typer.Option(help="In this instrument only; else in all without an own value.")] = "",
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it may trade at all.")] = None,
    max_quantity: Annotated[str, typer.Option(help="Of an order.", metavar="DECIMAL")] = "",
    max_value: Annotated[str, typer.Option(help="Price × quantity of an order.", metavar="DECIMAL")] = "",
    max_open_orders: Annotated[int | None, typer.Option(help="In an instrument.", min=0)] = None,
    max_long: Annotated[str, typer.Option(help="Position with its open buys.", metavar="DECIMAL")] = "",
    max_short: Annotated[str, typer.Option(help="Short position with its open sells.", metavar="DECIMAL")] = "",
    maker_bps: Annotated[str, typer.Option(help="Fee of who waited; below 0 a rebate.", metavar="DECIMAL")] = "",
    taker_bps: Annotated[str, typer.Option(help="Fee of who came.", metavar="DECIMAL")] = "",
    cross_bps: Annotated[str, typer.Option(help="Fee of an uncross.", metavar="DECIMAL")] = "",
    remove: Annotated[list[str] | None, typer.Option(help="A limit to take away; may be repeated.")] = None,
    reason: Reason = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Change what an account may do; limits that are not named stay.

    Example: `openbell admin limits alice --max-long 1000 --max-short 0`

    Example: `openbell admin limits alice --symbol ACME --remove max_long`

    Example: `openbell admin limits alice --disable --reason "margin call"`
    """
    body: dict[str, Any] = {
        "symbol": symbol,
        "enabled": enabled,
        "max_quantity": max_quantity,
        "max_value": max_value,
        "max_open_orders": max_open_orders,
        "max_long": max_long,
        "max_short": max_short,
        "maker_bps": maker_bps,
        "taker_bps": taker_bps,
        "cross_bps": cross_bps,
        "reason": reason,
    }
    given = {field: value for field, value in body.items() if value not in ("", None)}
    for field in remove or []:
        if field not in LIMIT_NAMES:
            raise Fault(f"there is no limit {field}", f"It is one of {', '.join(LIMIT_NAMES)}.", code=WRONG_USE)
        given[field] = None
    api = Api(url, token_or_minted(token, data_dir))
    found = api.put(f"/v1/admin/accounts/{quote(name, safe='')}/limits", given)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        show(found["limits"], f"{name} has no limit of its own", "symbol", *LIMIT_NAMES)


@app.command("kill-switch")
def kill_switch(
    switch: Annotated[str, typer.Argument(help="on, off, or show.", metavar="on|off|show")],
    account: Annotated[str, typer.Option(help="Stop this account; all its orders are canceled.")] = "",
    symbol: Annotated[str, typer.Option(help="Stop this instrument; its orders stay.")] = "",
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel resting orders, too.")] = False,
    reason: Reason = "",
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Stop an account, an instrument or, with neither, the whole exchange; says first what it will cancel.

    Example: `openbell admin kill-switch on --account alice --reason "runaway"`

    Example: `openbell admin kill-switch off --account alice`

    Example: `openbell admin kill-switch on --cancel`
    """
    if switch not in {"on", "off", "show"}:
        raise Fault(f"a kill switch is not set {switch!r}", "Say on, off or show.", code=WRONG_USE)
    api = Api(url, token_or_minted(token, data_dir))
    whom = {name: value for name, value in (("account", account), ("symbol", symbol)) if value}
    if switch == "show":
        show_switches(api.get("/v1/admin/kill-switch"), as_json=as_json)
        return
    if switch == "on":
        warn(api, whom, cancels=cancel or bool(account), yes=yes)
    body: dict[str, Any] = {**whom, "active": switch == "on"}
    body |= ({"cancel": True} if cancel else {}) | ({"reason": reason} if reason else {})
    answer = api.post("/v1/admin/kill-switch", body)
    told = f"The kill switch for {words_for(whom)} is {switch}; {answer['canceled']} orders were canceled."
    print_answer(answer, as_json, told)


@app.command("bust")
def bust(
    symbol: Annotated[str, typer.Argument(help="The instrument.")],
    trade_id: Annotated[int, typer.Argument(help="The trade's number on its tape.", min=1)],
    reason: Reason = "",
    yes: Yes = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Undo a trade: positions, cash and fees of both sides. Orders, prices and volumes stay.

    Example: `openbell admin bust ACME 4711 --reason "erroneous price"`
    """
    api = Api(url, token_or_minted(token, data_dir))
    confirm(f"Trade {trade_id} of {symbol} will be undone for good.", f"{symbol} {trade_id}", yes=yes)
    path = f"/v1/admin/trades/{quote(symbol, safe='')}/{trade_id}/bust"
    answer = api.post(path, {"reason": reason} if reason else {})
    print_answer(answer, as_json, f"Trade {trade_id}: {answer['quantity']} at {answer['price']} is undone.")


@app.command("audit")
def audit(
    limit: Annotated[int, typer.Option(help="Rows at most.", min=1, max=1_000)] = 50,
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Show what operators did: when, who, what and why, newest first.

    Example: `openbell admin audit --limit 20`
    """
    found = Api(url, token_or_minted(token, data_dir)).get(f"/v1/admin/audit?limit={limit}")
    if as_json:
        typer.echo(json.dumps(found))
        return
    for row in found["actions"]:
        row["details"] = json.dumps(row["details"]) if row["details"] else ""
    columns = ("time", "principal", "action", "symbol", "account", "details", "reason", "code", "partition")
    show(found["actions"], "no operator has done anything yet", *columns)


# Shared by several commands


def chosen(api: Api, symbols: list[str], *, everywhere: bool) -> list[str]:
    """The instruments that a command is for."""
    if everywhere == bool(symbols):
        raise Fault("no instrument is named", "Name some, or say --all; not both.", code=WRONG_USE)
    return [row["symbol"] for row in api.get("/v1/instruments")["instruments"]] if everywhere else symbols


def end_after(duration: str) -> str:
    """The time this long from now."""
    if not duration:
        return ""
    at = datetime.now(UTC) + timedelta(seconds=seconds_of(duration, "--for"))
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def warn(api: Api, whom: dict[str, str], *, cancels: bool, yes: bool) -> None:
    """Print what a kill switch will do, and ask for confirmation if it cancels."""
    found = api.get(f"/v1/admin/kill-switch?{urlencode(whom)}" if whom else "/v1/admin/kill-switch")
    orders = found["open_orders"]
    if cancels:
        what = f"{words_for(whom)} will be stopped, and {orders} open orders canceled."
        confirm(what[0].upper() + what[1:], " ".join(whom.values()) or "everything", yes=yes)
    else:
        typer.echo(f"{orders} open orders of {words_for(whom)} stay; new ones and changes are refused.", err=True)


def words_for(whom: dict[str, str]) -> str:
    """The subject of a kill switch, in words."""
    return " ".join(f"{kind} {name}" for kind, name in whom.items()) or "the whole exchange"


def confirm(what: str, word: str, *, yes: bool) -> None:
    """Continue only if the operator types the subject of the action."""
    if yes:
        return
    typer.echo(what, err=True)
    if typer.prompt(f"Type {word!r} to go on", err=True) != word:
        raise Fault("nothing was done: what was typed is something else", "Use --yes in scripts.", code=WRONG_USE)


def show_switches(found: dict[str, Any], *, as_json: bool) -> None:
    """Print the kill switches that are on."""
    if as_json:
        typer.echo(json.dumps(found))
        return
    names = [{name: value for name, value in row.items() if value} for row in found["switches"]]
    typer.echo("\n".join(f"{words_for(whom)} is stopped" for whom in names) or "No kill switch is on.")


def show(rows: list[dict[str, Any]], nothing: str, *columns: str) -> None:
    """Print a table, without the columns that are empty in every row."""
    shown = [name for name in columns if any(row.get(name) not in (None, "") for row in rows)]
    table = table_of(*shown)
    for row in rows:
        table.add_row(*("–" if row.get(name) in (None, "") else str(row[name]) for name in shown))
    console_for_tables().print(table if rows else nothing)
