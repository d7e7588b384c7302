"""Errors: the exceptions that the SDK raises.

    OpenbellError
    ├── RequestError        the exchange answered with an error; `code` says which (docs/protocol.md, "Codes")
    │   ├── NotAllowed      the token does not allow the request: unauthenticated, forbidden, token_expired
    │   ├── TryAgain        nothing happened, try again after `retry_after` seconds: busy, rate_limited, …
    │   └── OutcomeUnknown  the request may have been carried out: ask, or repeat it with the same client order id
    ├── ConnectionLost      no connection within the time allowed
    ├── ClientClosed        the client is not open: not yet, or not any more
    ├── Unreadable          a message is not of the protocol; `__cause__` is the first fault found in it
    └── FeedError           a feed cannot go on
        ├── TooSlow         its reader left more messages unread than the feed may queue
        ├── ReportsMissed   the exchange no longer has the reports since the last one seen
        └── TradesMissed    the exchange no longer has the prints or busts since the last one seen

Invalid arguments are a TypeError or a ValueError with a sentence, before anything is sent.
Every OpenbellError has `code`, `message`, `field` and `request_id`; the last two may be empty.
"""

from __future__ import annotations

from typing import Any


class OpenbellError(Exception):
    """The base of all errors that this SDK raises."""

    code = "error"

    def __init__(self, message: str, *, code: str = "", field: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class RequestError(OpenbellError):
    """The exchange refused a request, or could not carry it out."""

    retry_after: float = 0.0


class NotAllowed(RequestError):
    """The token is missing, wrong or expired, or does not allow the request."""


class TryAgain(RequestError):
    """A bound was met and nothing was done; wait `retry_after` seconds and try again."""


class OutcomeUnknown(RequestError):
    """No answer came: the request may have been carried out."""

    code = "outcome_unknown"


class ConnectionLost(OpenbellError):
    """The exchange could not be reached within the time allowed."""

    code = "connection_lost"


class ClientClosed(OpenbellError):
    """The client is not open, so it can send no request and receive no message."""

    code = "closed"


class Unreadable(OpenbellError):
    """The other end is no exchange, or one of another protocol."""

    code = "unreadable"


NONSENSE = (KeyError, TypeError, ValueError, ArithmeticError, AttributeError, IndexError)
"""The exceptions that reading an answer of another shape raises."""


class FeedError(OpenbellError):
    """The feed has ended; iterate a new one."""


class TooSlow(FeedError):
    """More messages were unread than the feed queues, and none may be left out."""

    code = "too_slow"


class ReportsMissed(FeedError):
    """Some reports are lost for good: start a new feed, which begins with the open orders."""

    code = "snapshot_required"


class TradesMissed(FeedError):
    """Part of the tape is lost for good: some prints, and some busts of prints. A new feed continues from now."""

    code = "trades_missed"

    def __init__(self, symbol: str, trades: int, busts: int) -> None:
        super().__init__(f"of {symbol} {trades} prints and {busts} busts were missed and are not kept any more")
        self.trades = trades
        self.busts = busts


_KINDS: dict[str, type[RequestError]] = {
    "unauthenticated": NotAllowed,
    "forbidden": NotAllowed,
    "token_expired": NotAllowed,
    "rate_limited": TryAgain,
    "busy": TryAgain,
    "too_many": TryAgain,
    "unavailable": TryAgain,
    "outcome_unknown": OutcomeUnknown,
}


def request_error(body: dict[str, Any]) -> RequestError:
    """The exception for the `error` member of an answer."""
    code = str(body.get("code", "internal"))
    error = _KINDS.get(code, RequestError)(
        str(body.get("message", "")),
        code=code,
        field=str(body.get("field") or ""),
        request_id=str(body.get("request_id") or ""),
    )
    error.retry_after = float(body.get("retry_after") or 0.0)
    return error


class OutOfStep(Exception):
    """A message does not follow the last one applied: a new snapshot is needed."""
