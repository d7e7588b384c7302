"""Middleware: gives every HTTP answer one error shape, a request id and the limits' state, and hides our software.

Rules: every exception becomes an RFC 9457 problem; an unforeseen one is `internal`, answered without details and logged
with all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
import structlog
from aiohttp import web

from gateway.errors import PROBLEM_TYPE, ApiError
from gateway.http.call import Call
from gateway.server_log import text_without

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gateway.services import Services

log = structlog.get_logger()

SERVER: Final = "openbell"
"""The `Server` header of every answer."""

call_key: Final = web.RequestKey("call", Call)
SECRET_CHARACTERS_MIN: Final = 6
"""A header's value from this length on is removed from the traceback of a fault."""

newcomers_key: Final = web.AppKey("newcomers", set)

OF_AIOHTTP: Final = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}
"""The codes of aiohttp's own refusals; any other 4xx is `bad_request`."""


def answering(services: Services) -> Callable[..., Awaitable[web.StreamResponse]]:
    """The middleware that makes the call of each request, and a problem of each exception."""

    @web.middleware
    async def answered(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        request.app[newcomers_key].discard(request.protocol)
        call = request[call_key] = Call(request, services)
        try:
            return await handler(request)
        except ApiError as error:
            return problem(call, error)
        except web.HTTPException as refusal:
            if refusal.status < 400:
                raise
            response = problem(call, ApiError(OF_AIOHTTP.get(refusal.status, "bad_request")))
            if "Allow" in refusal.headers:
                response.headers["Allow"] = refusal.headers["Allow"]
            return response
        except Exception as error:
            if isinstance(error, ConnectionError) and is_gone(request):
                return problem(call, ApiError("bad_request"))  # nobody receives it
            tell_fault(call, error)
            return problem(call, ApiError("internal"))

    return answered


def tell_fault(call: Call, error: Exception) -> None:
    """Log an unforeseen exception, without the values of the request's headers."""
    said = text_without(error, header_values(call.request))
    names = {"request_id": call.request_id, "traceparent": call.traceparent}
    log.error("http.fault", method=call.request.method, path=call.request.path[:200], exception=said, **names)


def is_gone(request: web.Request) -> bool:
    """Whether the client has closed or reset its connection."""
    return request.transport is None or request.transport.is_closing()


def header_values(request: web.Request) -> list[str]:
    """The values of a request's headers, but not short ones, which are in every traceback by chance."""
    return [value for value in request.headers.values() if len(value) >= SECRET_CHARACTERS_MIN]


def route(handler: Callable[[Call], Awaitable[web.StreamResponse]]) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A handler of calls in the form that aiohttp calls."""

    async def handle(request: web.Request) -> web.StreamResponse:
        return await handler(request[call_key])

    return handle


def problem(call: Call, error: ApiError) -> web.Response:
    """An error over HTTP."""
    response = web.Response(
        status=error.status,
        body=orjson.dumps(error.problem(call.request_id)),
        content_type=PROBLEM_TYPE,
        headers=error.headers(),
    )
    response.headers["Cache-Control"] = "no-store"
    return response


async def finish(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers of every answer; called by aiohttp just before the headers are sent."""
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Server"] = SERVER
    call = request.get(call_key)
    if call is not None:
        headers["X-Request-Id"] = call.request_id
        if "RateLimit" not in headers:
            call.show_limits()
        for name, value in call.headers.items():
            headers.setdefault(name, value)
