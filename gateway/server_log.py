"""Server log: the events of aiohttp's own connections, without any text that a client has sent.

aiohttp answers bytes that are no HTTP by itself, before any middleware, and logs the exception, whose text quotes the
header at fault, a bearer token as likely as any. This log has only the kind of the fault. A client's doing (bytes that
are no HTTP, a connection reset at any moment) is no error of ours and is logged at `info`.
"""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import PayloadAccessError, RequestPayloadError

if TYPE_CHECKING:
    from types import TracebackType

log = structlog.get_logger()

OF_CLIENTS: Final = (HttpProcessingError, RequestPayloadError, PayloadAccessError, OSError, TimeoutError)
"""Exceptions that a client can cause: its bytes cannot be read, or its connection is gone."""


class ServerLog(logging.Logger):
    """The logger in place of `aiohttp.server`."""

    def __init__(self) -> None:
        super().__init__("gateway.server", logging.INFO)

    def handle(self, record: logging.LogRecord) -> None:
        """Log the kind of an exception and its place in the code, never the texts that came with it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OF_CLIENTS):
            log.info("http.not_read", kind=type(error).__name__)
        elif error is not None:
            log.error("http.fault", kind=type(error).__name__, where=places_of(error.__traceback__))
        elif record.levelno >= logging.WARNING:
            log.warning("http.trouble", where=f"{record.filename}:{record.lineno}")


def places_of(trace: TracebackType | None) -> list[str]:
    """Files and lines of a traceback, outermost first: the place of an exception, without any values."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def text_without(error: BaseException, secrets: list[str]) -> str:
    """A traceback as text from which the given secrets are removed."""
    text = "".join(traceback.format_exception(error))
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "[header]")
    return text
