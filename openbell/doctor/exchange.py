"""Exchange checks: the exchange as clients see it, its address, its secrets, its limits."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from openbell.api import NO_EXCHANGE, NOBODY, Api
from openbell.doctor.finding import CheckResult, fail, ok, warn
from openbell.errors import Fault
from openbell.local.data_dir import OWNER_ONLY
from openbell.local.degraded import mend_of, names_of
from openbell.local.up import reserve_port

if TYPE_CHECKING:
    from openbell.doctor.finding import Setup

TIMEOUT_SECONDS: Final = 3.0
LOCAL: Final = ("127.0.0.1", "::1", "localhost")


def answers(setup: Setup) -> CheckResult:
    """Whether the exchange answers orders for every instrument."""
    readiness = Api(setup.url, timeout_seconds=TIMEOUT_SECONDS).readiness()
    if readiness.ready:
        return ok("exchange", f"open at {setup.url}")
    if readiness.degraded:
        return fail("exchange", f"not all of it trades at {setup.url}: {names_of(readiness)}", mend_of(readiness))
    if _listens(setup.url):
        return fail(
            "exchange",
            f"what listens at {setup.url} is no exchange that takes orders: {readiness.why}",
            "Look at the gateway's log: NATS or a worker may be missing. Or name the right one with --url.",
        )
    mend = "Start it with `openbell up`, or name another with --url."
    if setup.running is not None:
        return fail("exchange", f"it runs here (process {setup.running.get('pid')}) but {setup.url} is dead", mend)
    return warn("exchange", f"none runs at {setup.url}", mend)


def port(setup: Setup) -> CheckResult:
    """Whether `openbell up` could listen where the URL says, or already does."""
    address = urlsplit(setup.url)
    number = address.port or (443 if address.scheme == "https" else 80)
    if address.hostname not in LOCAL:
        return ok("port", f"{setup.url} is not on this machine")
    try:
        reserve_port(address.hostname, number).close()
    except Fault:
        if Api(setup.url, timeout_seconds=TIMEOUT_SECONDS).readiness() not in (NOBODY, NO_EXCHANGE):
            return ok("port", f"{number} is the exchange's")
        return fail(
            "port", f"{number} is taken by something else", "Stop it, or run `openbell up --port` with another."
        )
    return ok("port", f"{number} is free")


def secrets(setup: Setup) -> CheckResult:
    """Whether the secret that signs tokens exists and is readable by its owner alone."""
    path = setup.data_dir.secret_file
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ok("secrets", f"{path} will be made by the first `openbell up`")
    except OSError as error:
        return fail("secrets", f"{path} cannot be read: {error.strerror}", "Run as the user who runs the exchange.")
    if mode & OWNER_ONLY:
        return fail(
            "secrets",
            f"others may read {path}, and whoever reads it can trade as anybody",
            f"chmod 600 {path}; if somebody may have read it, delete it and restart: all tokens end.",
        )
    return ok("secrets", f"{path} is its owner's alone")


def rate_limits(setup: Setup) -> CheckResult:
    """Whether rate limits are on, so that one client cannot take the whole exchange."""
    if setup.environ.get("OPENBELL_RATE_LIMITS", "").strip().lower() in {"off", "0", "false", "no"}:
        return warn("rate-limits", "rate limits are off", "Unset OPENBELL_RATE_LIMITS: off is for load tests alone.")
    return ok("rate-limits", "rate limits are on")


def _listens(url: str) -> bool:
    address = urlsplit(url)
    target = (address.hostname or "", address.port or (443 if address.scheme == "https" else 80))
    try:
        with socket.create_connection(target, timeout=TIMEOUT_SECONDS):
            return True
    except OSError:
        return False
