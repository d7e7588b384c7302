"""Banner: the lines of `openbell up` on standard output once the exchange is open."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rich.console import Console

from openbell.core import is_compiled
from openbell.local.degraded import mend_of, names_of
from streams.settings import without_password

if TYPE_CHECKING:
    from pathlib import Path

    from openbell.api import Readiness

DEFAULT_DIRECTORY: Final = ".openbell"


def announce(url: str, nats_url: str, data_dir: Path, readiness: Readiness, *, demo: bool) -> None:
    """Print a few lines for people; partitions that do not trade come first."""
    where = "" if str(data_dir) == DEFAULT_DIRECTORY else f" --data-dir {shlex.quote(str(data_dir))}"
    rows = [
        ("open at", url),
        ("token", f'openbell token --account alice --scope "read trade"{where}'),
        ("check", f"openbell doctor{where}"),
        ("NATS", without_password(nats_url)),
        ("stop", "Ctrl-C (twice to kill); the books are kept in " + str(data_dir)),
    ]
    if demo:
        rows.insert(1, ("demo", "eight instruments with bots; the page trades as demo-1"))
    if not is_compiled():
        rows.append(("core", "interpreted, several times slower than compiled: `openbell doctor` says how to mend it"))
    console = Console(highlight=False, soft_wrap=True)
    if readiness.ready:
        console.print("\n[bold green]Openbell is open.[/]")
    else:
        console.print("\n[bold red]Openbell runs, and not all of it trades:[/]")
        for row in readiness.degraded:
            console.print(f"  {names_of(replace(readiness, degraded=(row,)))}", style="red", markup=False)
        console.print(f"  → {mend_of(readiness)}\n", markup=False)
    for name, text in rows:
        console.print(f"  [bold]{name:<8}[/]", end="")
        console.print(text, markup=False)
    console.print()


def announce_json(url: str, nats_url: str, data_dir: Path, readiness: Readiness, *, demo: bool) -> None:
    """Print one line for scripts; `degraded` are the partitions that do not trade, as `/health/ready` names them."""
    facts = {
        "ready": readiness.ready,
        "degraded": readiness.degraded,
        "url": url,
        "nats_url": without_password(nats_url),
        "data_dir": str(data_dir),
        "demo": demo,
        "compiled": is_compiled(),
        "pid": os.getpid(),
    }
    print(json.dumps(facts), flush=True)  # noqa: T201 - standard output is where it is wanted
