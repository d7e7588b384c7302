"""`openbell admin …`: operator commands on a running exchange, through its public HTTP API.

The token comes from --token, from OPENBELL_TOKEN, or is minted for a minute from the secret of --data-dir.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from openbell.api import DEFAULT_URL, Api, path_of
from openbell.errors import WRONG_USE, Fault
from openbell.local.data_dir import DataDir
from openbell.local.terminal import console_for_tables, table_of

app = typer.Typer(
    help="Operate a running exchange: instruments, phases, accounts, kill switches, busts, partitions.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Url = Annotated[str, typer.Option("--url", envvar="OPENBELL_URL", help="Where the exchange is.")]
Token = Annotated[str, typer.Option("--token", envvar="OPENBELL_TOKEN", help="A token with the scope `admin`.")]
DirectoryArgument = Annotated[
    Path,
    typer.Option(
        "--data-dir",
        envvar="OPENBELL_DATA_DIR",
        help="Of a local exchange; its secret signs a token when none is given.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the exchange's answer as JSON.")]
DEFAULT_DIRECTORY: Final = ".openbell"


@app.command("list-instrument")
def list_instrument(
    symbol: Annotated[str, typer.Argument(help="1 to 32 of A–Z, 0–9, _ and -.")],
    tick: Annotated[str, typer.Option(help="The smallest step of a price.", metavar="DECIMAL")],
    lot: Annotated[str, typer.Option(help="The smallest step of a quantity.", metavar="DECIMAL")],
    reference_price: Annotated[str, typer.Option(help="Until there is a trade.", metavar="DECIMAL")] = "",
    min_quantity: Annotated[str, typer.Option(help="Of an order; one lot if not given.", metavar="DECIMAL")] = "",
    max_quantity: Annotated[str, typer.Option(help="Of an order.", metavar="DECIMAL")] = "",
    min_price: Annotated[str, typer.Option(metavar="DECIMAL")] = "",
    max_price: Annotated[str, typer.Option(metavar="DECIMAL")] = "",
    min_value: Annotated[str, typer.Option(help="Price × quantity of an order.", metavar="DECIMAL")] = "",
    max_value: Annotated[str, typer.Option(help="Price × quantity of an order.", metavar="DECIMAL")] = "",
    collar_bps: Annotated[
        str, typer.Option(help="How far a price may be from the reference price.", metavar="DECIMAL")
    ] = "",
    max_open_orders: Annotated[int | None, typer.Option(help="Per account.", min=1)] = None,
    static_band_bps: Annotated[
        str, typer.Option(help="How far from the last auction price may trade.", metavar="DECIMAL")
    ] = "",
    dynamic_band_bps: Annotated[
        str, typer.Option(help="How far from the last trade may trade.", metavar="DECIMAL")
    ] = "",
    luld_tier: Annotated[int | None, typer.Option(help="Limit up, limit down instead.", min=1, max=2)] = None,
    call_seconds: Annotated[int | None, typer.Option(help="Of a volatility call.", min=1)] = None,
    call_random_seconds: Annotated[int | None, typer.Option(help="Of a call's random end, at most.", min=0)] = None,
    call_extensions: Annotated[int | None, typer.Option(help="Of a call outside the static band.", min=0)] = None,
    maker_bps: Annotated[str, typer.Option(help="Fee of who waited; below 0 a rebate.", metavar="DECIMAL")] = "",
    taker_bps: Annotated[str, typer.Option(help="Fee of who came.", metavar="DECIMAL")] = "",
    cross_bps: Annotated[str, typer.Option(help="Fee of an uncross; else the taker's.", metavar="DECIMAL")] = "",
    calendar: Annotated[str, typer.Option(help="By which its phases change; round the clock if not given.")] = "",
    partition: Annotated[int | None, typer.Option(help="Where it lives; chosen if not given.", min=0)] = None,
    reason: Annotated[str, typer.Option(help="Kept in the audit.")] = "",
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """List an instrument, or replace the terms of one that is listed.

    Example: `openbell admin list-instrument ACME --tick 0.01 --lot 1 --reference-price 101.25`

    Example: `openbell admin list-instrument ACME --tick 0.01 --lot 1 --calendar xetra --dynamic-band-bps 300`
    """
    body = {
        "tick_size": tick,
        "lot_size": lot,
        "reference_price": reference_price,
        "min_quantity": min_quantity,
        "max_quantity": max_quantity,
        "min_price": min_price,
        "max_price": max_price,
        "min_value": min_value,
        "max_value": max_value,
        "collar_bps": collar_bps,
        "max_open_orders": max_open_orders,
        "static_band_bps": static_band_bps,
        "dynamic_band_bps": dynamic_band_bps,
        "luld": None if luld_tier is None else {"tier": luld_tier},
        "call_seconds": call_seconds,
        "call_random_seconds": call_random_seconds,
        "call_extensions": call_extensions,
        "maker_bps": maker_bps,
        "taker_bps": taker_bps,
        "cross_bps": cross_bps,
        "calendar": calendar,
        "partition": partition,
        "reason": reason,
    }
    given = {name: value for name, value in body.items() if value not in ("", None)}
    instrument = Api(url, token_or_minted(token, data_dir)).put(path_of(symbol), given)
    print_answer(instrument, as_json, f"{symbol} is listed.")


@app.command("instruments")
def instruments(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the listed instruments; needs no token.

    Example: `openbell admin instruments --json`
    """
    from openbell.local.demo_instruments import instruments as listed  # noqa: PLC0415

    rows = listed(Api(url))
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = table_of("symbol", "tick", "lot", "reference", "partition")
    for row in rows:
        table.add_row(*(str(cell) for cell in _cells(row)))
    console_for_tables().print(table if rows else "No instrument is listed.")


@app.command("partitions")
def partitions(
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Show who leads and who follows each partition, and how far they are.

    Example: `openbell admin partitions`
    """
    rows = Api(url, token_or_minted(token, data_dir)).get("/v1/admin/partitions")["partitions"]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    table = table_of("partition", "leader", "sequence", "standby", "lag", "instruments")
    for row in rows:
        cells = (row.get(name) for name in ("leader", "sequence", "standby", "lag", "instruments"))
        table.add_row(str(row["partition"]), *("–" if cell is None else str(cell) for cell in cells))
    console_for_tables().print(table)


@app.command("handover")
def handover(
    partition: Annotated[int, typer.Option(help="Which one its leader is to let go.", min=0)],
    url: Url = DEFAULT_URL,
    token: Token = "",
    data_dir: DirectoryArgument = Path(DEFAULT_DIRECTORY),
    as_json: AsJson = False,
) -> None:
    """Let a partition's standby lead it; orders wait for some milliseconds and none is refused.

    The workers go on sharing evenly: the new leader may give another partition in return.

    Example: `openbell admin handover --partition 2`
    """
    api = Api(url, token_or_minted(token, data_dir))
    answer = api.post(f"/v1/admin/partitions/{partition}/handover", {})
    print_answer(answer, as_json, f"Worker {answer['leader']} leads partition {partition} now.")


def token_or_minted(token: str, data_dir: Path) -> str:
    """The token given, or a token signed with the local exchange's secret."""
    if token:
        return token
    from openbell.local.tokens import own_admin_token  # noqa: PLC0415

    try:
        return own_admin_token(DataDir(data_dir))
    except Fault as fault:
        raise Fault(
            "no token was given, and none can be made here: " + fault.what,
            "Set OPENBELL_TOKEN or --token, or name a local exchange's --data-dir.",
            code=WRONG_USE,
        ) from fault


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    tick = row.get("tick_size") or " ".join(f"{step['from']}:{step['tick']}" for step in row.get("ticks", []))
    return row["symbol"], tick, row.get("lot_size", ""), row.get("reference_price") or "", row.get("partition", "")


def print_answer(answer: object, as_json: bool, sentence: str) -> None:
    """Print a sentence about the outcome, or with --json the exchange's answer."""
    typer.echo(json.dumps(answer) if as_json else sentence)
