"""How every process of Openbell logs: structlog, one event a line, on standard error.

- `OPENBELL_LOG_FORMAT` is `console` (default) or `json`, `OPENBELL_LOG_LEVEL` one of `LEVELS`.
- Each line carries the process's role and, where several run, its name.
- A secret never gets out: fields named in `SECRET_FIELDS`, and anything that looks like a JWT, are blotted.
"""

from __future__ import annotations

import logging
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import structlog

from openbell.faults import WRONG_USE, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("console", "json")
SECRET_FIELDS: Final = ("token", "secret", "password", "authorization", "credentials")
BLOT: Final = "[secret]"
TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


@dataclass(frozen=True)
class LogSettings:
    """What one process's log looks like and what it leaves out."""

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

    `prefix` stands before each line; `bound` are fields of every event.
    """
    json = settings.format == "json"
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso")
        if json
        else structlog.processors.TimeStamper("%H:%M:%S", utc=False),
        structlog.processors.StackInfoRenderer(),
        blot_secrets,
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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings, prefix)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(**bound)


def blot_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Overwrite what must not be read in a log, whoever put it there."""
    for name, value in event.items():
        if name in SECRET_FIELDS:
            event[name] = BLOT
        elif isinstance(value, str) and "eyJ" in value:
            event[name] = TOKEN.sub(BLOT, value)
    return event


def _renderers(settings: LogSettings, prefix: str) -> list[Processor]:
    if settings.format == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
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
