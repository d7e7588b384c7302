"""Logs: the set-up of every process's log, structlog, one event a line, on standard error.

- `OPENBELL_LOG_FORMAT` is `console` (default) or `json`, `OPENBELL_LOG_LEVEL` one of `LEVELS`.
- Each line carries the process's role and, where several run, its name.
- No secret is logged (`blot`), and no kind of line fills a disk (`log_rate`).
- The event loop's complaints are events like any other, without the values that callbacks were given.
"""

from __future__ import annotations

import atexit
import errno
import logging
import re
import socket
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import structlog

from openbell.errors import WRONG_USE, Fault
from openbell.local.blot import blot_secrets
from openbell.local.log_rate import LineRate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("console", "json")
NOISE: Final = "socket.send() raised exception."
"""asyncio's and uvloop's own warning of a peer that is gone; the connection's reader gets the same as an exception."""
NETWORK_ERRNOS: Final = (
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.EADDRNOTAVAIL,
)
"""The errnos of the network that have no class of OSError of their own."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LogSettings:
    """What one process's log looks like and what it leaves out.

    level: debug, info, warning or error: what is less is left out.
    format: `console` for people, `json` for whatever collects logs.
    """

    level: str = "info"
    format: str = "console"
    colors: bool = False

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read `OPENBELL_LOG_*`; `FORCE_COLOR` is what `openbell up` sets for its children."""
        return cls(
            level=_choice(environ, "OPENBELL_LOG_LEVEL", LEVELS, "info"),
            format=_choice(environ, "OPENBELL_LOG_FORMAT", FORMATS, "console"),
            colors=_colors(environ),
        )


def configure(settings: LogSettings, prefix: str = "", **bound: str) -> None:
    """Set up structlog, and the standard library's logging through it, for this process.

    `prefix` is written before each line; `bound` are fields of every event.
    """
    json = settings.format == "json"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso")
        if json
        else structlog.processors.TimeStamper("%H:%M:%S", utc=False),
        structlog.processors.StackInfoRenderer(),
    ]
    level = getattr(logging, settings.level.upper())
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                add_left_out,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                blot_secrets,  # after the traceback has become text
                *_renderers(settings, prefix),
            ],
        )
    )
    rate = LineRate(own_up)
    handler.addFilter(rate)
    atexit.register(rate.close)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("asyncio").addFilter(is_no_noise)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**bound)


def loop_fault(_loop: object, context: dict[str, Any]) -> None:
    """The handler for `set_exception_handler`: logs a loop's complaint, the network's as `info`, others as a fault.

    The network's are a broken connection, and an attempt that fails after its owner has timed out: uvloop still
    complains of a name that is not resolved then.
    """
    error = context.get("exception")
    what = re.split("[(<]", str(context.get("message")))[0].strip()  # the values of a call follow
    if (isinstance(error, OSError) and "transport" in context) or is_of_the_network(error):
        log.info("process.connection_broke", what=what, kind=type(error).__name__)
    else:
        log.error("process.callback_failed", what=what, exc_info=error)


def is_of_the_network(error: object) -> bool:
    """Whether an exception only means that the network, or a host in it, is away."""
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror | socket.herror):
        return True
    return isinstance(error, OSError) and error.errno in NETWORK_ERRNOS


def own_up(level: int, kind: str, count: int) -> None:
    """Log the number of lines of a kind that were left out."""
    log.log(level, "log.left_out", kind=kind, left_out=count)


def add_left_out(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add to a line the number of lines of its kind that were left out before it."""
    count = getattr(event["_record"], "left_out", 0)
    return {**event, "left_out": count} if count else event


def is_no_noise(record: logging.LogRecord) -> bool:
    """Whether a line of the event loop is worth logging."""
    return record.msg != NOISE


def _renderers(settings: LogSettings, prefix: str) -> list[Processor]:
    if settings.format == "json":
        return [structlog.processors.JSONRenderer()]
    console = structlog.dev.ConsoleRenderer(
        colors=settings.colors, pad_event_to=0, exception_formatter=structlog.dev.plain_traceback
    )
    return [lambda logger, method, event: prefix + str(console(logger, method, event))]


def _colors(environ: Mapping[str, str]) -> bool:
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or sys.stderr.isatty()


def _choice(environ: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    value = environ.get(name, "").strip().lower() or default
    if value not in choices:
        raise Fault(f"{name} is {value!r}", f"Set it to one of: {', '.join(choices)}.", code=WRONG_USE)
    return value
