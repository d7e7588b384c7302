"""`openbell replay evidence …`: let a fault that stopped a partition happen again, here, from what it left behind."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Annotated

import typer

from openbell.errors import WRONG_USE, Fault
from streams.audit import evidence


def evidence_command(
    directory: Annotated[Path, typer.Argument(help="As named by `evidence.left` in a worker's log.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Answer the message that stopped a partition once more, and show what goes wrong.

    The exit code is 1 when it goes wrong again, 0 when this version answers the message.

    Example: `openbell replay evidence .openbell/evidence/partition-3-sequence-1042`
    """
    try:
        left = evidence.read(directory)
    except (OSError, ValueError, KeyError) as error:
        raise Fault(
            f"there is no fault to repeat in {directory}: {error}",
            "Name a directory with a `state` in it; other evidence is to be read, see report.json.",
            code=WRONG_USE,
        ) from error
    sequence = left.partition.sequence + 1
    wrong = evidence.repeat(left)
    lines = traceback.format_exception(wrong) if wrong else []
    if as_json:
        facts = {"partition": left.partition.number, "sequence": sequence, "repeated": bool(wrong), "traceback": lines}
        typer.echo(json.dumps(facts))
    elif wrong:
        typer.echo("".join(lines) + f"partition {left.partition.number} stops at sequence {sequence} again.")
    else:
        typer.echo(f"partition {left.partition.number} answers sequence {sequence}: this version has no such fault.")
    raise typer.Exit(1 if wrong else 0)
