"""Report: runs the checks asked for and prints their findings.

A check that raises is a finding itself: the doctor is needed exactly where things are broken.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.markup import escape

from openbell.doctor import exchange, machine, streams
from openbell.doctor.finding import CheckResult, Setup, Severity, fail
from openbell.errors import FAILED, WRONG_USE, Fault
from openbell.local import logs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHECKS: Final[dict[str, Callable[[Setup], CheckResult]]] = {
    "python": machine.python,
    "engine": machine.engine,
    "nats-server": machine.nats_server,
    "web": machine.web,
    "disk": machine.disk,
    "secrets": exchange.secrets,
    "rate-limits": exchange.rate_limits,
    "port": exchange.port,
    "exchange": exchange.answers,
}
NATS_CHECKS: Final = ("nats", "jetstream", "sync", "topology", "room", "partitions", "copies", "clock")
"""Checks made together, over one connection."""

MARKS: Final = {Severity.OK: "[green] ok [/]", Severity.WARN: "[yellow]warn[/]", Severity.FAIL: "[bold red]fail[/]"}


def examine(setup: Setup, only: Sequence[str]) -> list[CheckResult]:
    """The findings of the checks named, or of all checks."""
    known = (*CHECKS, *NATS_CHECKS)
    unknown = [name for name in only if name not in known]
    if unknown:
        raise Fault(f"there is no check {', '.join(unknown)}", f"There are: {', '.join(known)}.", code=WRONG_USE)
    logs.configure(logs.LogSettings(level="error"))
    return list(findings_of(setup, only or known))


def exit_code(findings: Sequence[CheckResult], *, strict: bool) -> int:
    """0 if nothing failed; with `strict`, a warning counts as a failure."""
    bad = {Severity.FAIL, Severity.WARN} if strict else {Severity.FAIL}
    return FAILED if any(finding.status in bad for finding in findings) else 0


def show(findings: Sequence[CheckResult]) -> None:
    """A line for each finding, and below it how to mend it."""
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(f"{MARKS[finding.status]}  [bold]{finding.check:<12}[/] {escape(finding.what)}")
        if finding.mend:
            console.print(f"      {'':<12} [dim]→[/] {escape(finding.mend)}")


def show_json(findings: Sequence[CheckResult]) -> None:
    """One object, for scripts."""
    rows = [
        {"check": finding.check, "status": finding.status, "what": finding.what, "mend": finding.mend}
        for finding in findings
    ]
    worst = max((list(Severity).index(finding.status) for finding in findings), default=0)
    print(json.dumps({"status": list(Severity)[worst], "findings": rows}))  # noqa: T201 - what was asked for


def findings_of(setup: Setup, names: Sequence[str]) -> Iterator[CheckResult]:
    """The findings of the checks of these names, in order."""
    for name, check in CHECKS.items():
        if name in names:
            yield survived(name, check, setup)
    if set(names) & set(NATS_CHECKS):
        yield from _about_nats(setup, names)


def survived(name: str, check: Callable[[Setup], CheckResult], setup: Setup) -> CheckResult:
    """A check's finding, or the exception it raised as one."""
    try:
        return check(setup)
    except Exception as error:
        return _broken(name, error)


def _about_nats(setup: Setup, names: Sequence[str]) -> list[CheckResult]:
    """The findings asked for about NATS, or the fault of NATS itself that prevents them."""
    try:
        found = asyncio.run(streams.nats(setup))
    except Exception as error:
        return [_broken("nats", error)]
    return [finding for finding in found if finding.check in names or _in_the_way(finding)]


def _in_the_way(finding: CheckResult) -> bool:
    return finding.check in {"nats", "jetstream"} and finding.status is not Severity.OK


def _broken(name: str, error: Exception) -> CheckResult:
    return fail(name, f"the check itself broke: {type(error).__name__}: {error}", "Please report this line.")
