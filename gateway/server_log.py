"""What aiohttp's own connections log, without a word of what a client has sent.

aiohttp answers by itself what it cannot read as HTTP, before any middleware, and logs the exception: its text quotes
the header at fault, a bearer token as likely as any. Here only the kind of the fault is told. What a client does (bytes
that are no HTTP, a connection reset at any moment) is no error of ours and is told at `info`.
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
"""Exceptions that a client can bring about: its bytes cannot be read, or it is gone."""


class ServerLog(logging.Logger):
    """Takes the place of the logger `aiohttp.server`."""

    def __init__(self) -> None:
        super().__init__("gateway.server", logging.INFO)

    def handle(self, record: logging.LogRecord) -> None:
        """Tell what kind of thing happened and where in the code, never the texts that came with it."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, OF_CLIENTS):
            log.info("http.not_read", kind=type(error).__name__)
        elif error is not None:
            log.error("http.fault", kind=type(error).__name__, where=places_of(error.__traceback__))
        elif record.levelno >= logging.WARNING:
            log.warning("http.trouble", where=f"{record.filename}:{record.lineno}")


def places_of(trace: TracebackType | None) -> list[str]:
    """Files and lines of a traceback, outermost first: where it happened, without the values that were at hand."""
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def text_without(error: BaseException, secrets: list[str]) -> str:
    """A traceback as text in which none of the texts given is left."""
    text = "".join(traceback.format_exception(error))
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "[header]")
    return text
