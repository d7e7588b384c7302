"""Findings: the result of a check of `openbell doctor`, and the set-up that it examines."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from openbell.api import DEFAULT_URL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openbell.local.data_dir import DataDir


class Severity(StrEnum):
    """The severity of a finding: `warn` costs speed or safety, with `fail` something does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class CheckResult:
    """One check's result; `mend` says what to do, and is empty if all is well."""

    check: str
    status: Severity
    what: str
    mend: str = ""


def ok(check: str, what: str) -> CheckResult:
    """A result without a fault."""
    return CheckResult(check, Severity.OK, what)


def warn(check: str, what: str, mend: str) -> CheckResult:
    """A result: it works, but not as it should."""
    return CheckResult(check, Severity.WARN, what, mend)


def fail(check: str, what: str, mend: str) -> CheckResult:
    """A result: it does not work."""
    return CheckResult(check, Severity.FAIL, what, mend)


@dataclass(frozen=True)
class Setup:
    """The set-up examined: a data directory, a URL and a NATS server, as given or as the running exchange recorded.

    An empty `nats_url`: no server was given and no exchange runs here.
    """

    data_dir: DataDir
    url: str
    nats_url: str
    environ: Mapping[str, str] = field(repr=False)
    running: dict[str, Any] | None = None

    @classmethod
    def found(cls, data_dir: DataDir, url: str, nats_url: str, environ: Mapping[str, str]) -> Self:
        """The set-up given, completed from the running exchange."""
        running = data_dir.running()
        known = running or {}
        address = environ.get("OPENBELL_PORT")
        default = f"http://127.0.0.1:{address}" if address else DEFAULT_URL
        return cls(
            data_dir=data_dir,
            url=url or str(known.get("url") or default),
            nats_url=nats_url or str(known.get("nats_url") or ""),
            environ=environ,
            running=running,
        )
