"""Errors: the refusals that clients receive, in one shape and one table for WebSocket and HTTP.

ApiError                 the answer is this error
├── BadRequest           … to a frame that is an object but no request
├── Malformed            … to a frame that is no object: it counts against the connection
├── NotReady             … of /health/ready, with the partitions that are not ready
└── RateLimited          … with the headers of the empty token bucket
No client sees these: NotKnown, NotPromised, Offence, ServerEnded, SourceAway, TooManyOrders.

Rules: a code never changes its meaning (docs/protocol.md, "Codes"); a message says what to do and may change;
details of an `internal` error stay in the gateway's own log.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

PROBLEM_TYPE: Final = "application/problem+json"
"""The media type of an error over HTTP (RFC 9457)."""


class Code(NamedTuple):
    """One row of the table: the HTTP status, a title that never varies (RFC 9457), and what the client can do."""

    status: int
    title: str
    message: str


CODES: Final[dict[str, Code]] = {
    # 400: not understood.
    "bad_request": Code(400, "Bad request", "the request was not understood: see the field named"),
    "unknown_field": Code(400, "Unknown field", "leave out the field named: this request has none of that name"),
    "bad_decimal": Code(
        400, "Bad decimal", 'write a plain decimal such as "101.25", at most 8 decimals and 40 characters'
    ),
    "unknown_method": Code(400, "Unknown method", "use one of the methods of /asyncapi.json"),
    "too_large": Code(413, "Too large", "send less in one frame or body: 64 KiB unless the gateway says otherwise"),
    "not_found": Code(404, "Not found", "nothing is here: /openapi.json lists the paths"),
    "method_not_allowed": Code(405, "Method not allowed", "this path has other methods: see the Allow header"),
    "unsupported_media_type": Code(415, "Unsupported media type", "send Content-Type: application/json"),
    # 401, 403: identity and permission.
    "unauthenticated": Code(401, "Not authenticated", "give a valid token: Authorization: Bearer, or the login method"),
    "token_expired": Code(401, "Token expired", "the token has expired: log in with a new one"),
    "forbidden": Code(403, "Forbidden", "the token does not allow this: see its scope and accounts"),
    # 429: a limit is exceeded.
    "rate_limited": Code(429, "Rate limited", "wait for retry_after seconds before the next request"),
    "too_many": Code(429, "Too many", "this would pass a limit of the gateway: close or finish something first"),
    # 404: no such name.
    "unknown_instrument": Code(404, "Unknown instrument", "no such symbol is listed: see /v1/instruments"),
    "unknown_order": Code(404, "Unknown order", "the account has no such order, or it ended too long ago"),
    "unknown_trade": Code(404, "Unknown trade", "no such trade can be undone: it was never made, or too long ago"),
    # 409: in conflict with the present state.
    "order_done": Code(409, "Order done", "the order has ended and cannot change any more"),
    "client_order_id_reused": Code(
        409, "Client order id reused", "another order has this client_order_id: take a new one"
    ),
    "wrong_phase": Code(409, "Wrong phase", "the instrument's phase does not allow this: see its status"),
    "no_change": Code(409, "No change", "the order already has these values"),
    "quantity_below_filled": Code(409, "Quantity below filled", "the new total is less than what is done of the order"),
    "already_busted": Code(409, "Already busted", "the trade has been undone before"),
    "snapshot_required": Code(409, "Snapshot required", "the cursor is too old: subscribe again for a snapshot"),
    # 422: understood, and refused by the exchange.
    "not_allowed_in_phase": Code(
        422, "Not allowed in this phase", "this type or time in force has no place in the instrument's phase"
    ),
    "killed": Code(422, "Killed", "a kill switch is on: only cancels are taken"),
    "account_disabled": Code(422, "Account disabled", "the account may only cancel: ask the operator"),
    "price_off_tick": Code(422, "Price off tick", "the price must be a multiple of the tick size"),
    "bad_price": Code(422, "Bad price", "the price must be above zero"),
    "price_too_low": Code(422, "Price too low", "the price is below the instrument's minimum"),
    "price_too_high": Code(422, "Price too high", "the price is above the instrument's maximum"),
    "price_outside_collar": Code(422, "Price outside collar", "the price is too far from the reference price"),
    "quantity_off_lot": Code(422, "Quantity off lot", "the quantity must be a multiple of the lot size"),
    "quantity_too_small": Code(422, "Quantity too small", "the quantity is below the instrument's minimum"),
    "quantity_too_large": Code(
        422, "Quantity too large", "the quantity is above the instrument's or the account's maximum"
    ),
    "display_too_large": Code(422, "Display too large", "display_quantity may not exceed quantity"),
    "display_too_small": Code(422, "Display too small", "display_quantity must be at least 1 % of quantity"),
    "value_too_small": Code(422, "Value too small", "price × quantity is below the instrument's minimum"),
    "value_too_large": Code(
        422, "Value too large", "price × quantity is above the instrument's or the account's maximum"
    ),
    "too_many_open_orders": Code(422, "Too many open orders", "cancel an open order of this instrument first"),
    "position_limit": Code(422, "Position limit", "with its open orders the account would pass its position limit"),
    "would_take": Code(422, "Would take", "a post-only order may not take: choose a price behind the other side"),
    "would_trigger": Code(422, "Would trigger", "the stop would trigger at once: choose another stop_price"),
    "bad_expires": Code(422, "Bad expires", "expires must be later than now"),
    "too_late": Code(
        422, "Too late", "the request was under way, or waited, for too long and changed nothing: send it again"
    ),
    # 500, 503: our side.
    "busy": Code(503, "Busy", "the exchange is busy and took nothing: repeat after retry_after seconds"),
    "outcome_unknown": Code(
        503, "Outcome unknown", "no answer came in time: repeat with the same client_order_id to learn it"
    ),
    "unavailable": Code(503, "Unavailable", "this part of the exchange is starting or away: try again shortly"),
    "internal": Code(500, "Internal error", "something went wrong on our side: tell us the request_id"),
}


def status_of(code: str) -> int:
    """The HTTP status of a code; 500 for one that this version does not know (a newer worker's)."""
    known = CODES.get(code)
    return known.status if known else 500


class ApiError(Exception):
    """A refusal that is sent to the client. `retry_after` is in seconds, None where waiting does not help.

    Without a message the error has its code's message from the table.
    """

    def __init__(self, code: str, message: str = "", field: str = "", retry_after: float | None = None) -> None:
        known = CODES.get(code)
        self.code = code
        self.message = message or (known.message if known else code)
        self.field = field
        self.retry_after = retry_after
        super().__init__(f"{code}: {self.message}")

    @property
    def status(self) -> int:
        """The HTTP status."""
        return status_of(self.code)

    def body(self, request_id: str) -> dict[str, Any]:
        """The error's body, the same on every transport."""
        members: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.field:
            members["field"] = self.field
        if self.retry_after is not None:
            members["retry_after"] = rounded_up(self.retry_after)
        members["request_id"] = request_id
        return members

    def problem(self, request_id: str) -> dict[str, Any]:
        """The error as a problem of RFC 9457; `type` links to the code's line on this gateway's own /docs."""
        known = CODES.get(self.code)
        title = known.title if known else self.code
        return {"type": f"/docs#{self.code}", "title": title, "status": self.status, **self.body(request_id)}

    def headers(self) -> dict[str, str]:
        """The error's HTTP headers: Retry-After in whole seconds, WWW-Authenticate with a 401."""
        found: dict[str, str] = {}
        if self.retry_after is not None:
            found["Retry-After"] = str(max(1, math.ceil(self.retry_after)))
        if self.status == 401:
            found["WWW-Authenticate"] = challenge(self.code)
        return found


def challenge(code: str) -> str:
    """The WWW-Authenticate value: `invalid_token` only for a token that was given and has expired (RFC 6750)."""
    realm = 'Bearer realm="openbell"'
    return f'{realm}, error="invalid_token", error_description="expired"' if code == "token_expired" else realm


def rounded_up(seconds: float) -> float:
    """Seconds in whole milliseconds, rounded up, so that a client that waits exactly so long succeeds."""
    return math.ceil(seconds * 1000) / 1000


class NotKnown(Exception):
    """A symbol that the directory does not know, and has not searched for just now."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol)
        self.symbol = symbol


class Offence(Exception):
    """A client breaks the WebSocket protocol or its bounds; `frames.FrameReader` turns the offence into a message."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class SourceAway(Exception):
    """A set of keys (JWKS) could not be read from its source."""


class NotPromised(Exception):
    """An order would be the session's first for an account whose cancel promise is not stored yet (`Login.promise`)."""

    def __init__(self, account: str) -> None:
        super().__init__(account)
        self.account = account


class NotReady(ApiError):
    """Not every instrument can be traded, or commands cannot be stored; the body names the partitions."""

    def __init__(self, degraded: list[dict[str, Any]]) -> None:
        self.degraded = degraded
        why = "; ".join(str(row["why"]) for row in degraded) or "NATS stores nothing"
        super().__init__("unavailable", f"not ready: {why}", retry_after=1.0)

    def body(self, request_id: str) -> dict[str, Any]:
        """The error with the partitions."""
        return super().body(request_id) | {"degraded": self.degraded}


class Malformed(ApiError):
    """A frame that is no JSON object: answered without an `id`, and counted against the connection."""

    def __init__(self, sentence: str = "send one JSON object as text") -> None:
        super().__init__("bad_request", sentence)


class BadRequest(ApiError):
    """A frame that is an object but no request; `id` is the frame's id as JSON, empty without a valid one."""

    def __init__(self, error: ApiError, request_id: bytes) -> None:
        super().__init__(error.code, error.message, error.field)
        self.id = request_id


class TooManyOrders(Exception):
    """An account has more open orders in a partition than one snapshot may hold."""


class ServerEnded(Exception):
    """Ends the server's task group in good order: the server was asked to stop."""


class RateLimited(ApiError):
    """A refusal until the token bucket refills; `limit_headers` give the bucket's state."""

    def __init__(self, retry_after: float, limit_headers: dict[str, str]) -> None:
        super().__init__("rate_limited", retry_after=retry_after)
        self.limit_headers = limit_headers

    def headers(self) -> dict[str, str]:
        """The headers of every error and those of the bucket."""
        return super().headers() | self.limit_headers
