"""OpenAPI: the HTTP API as an OpenAPI 3.1 document, with links to the other descriptions of the API.

Built from `routes` and the schemas alone; nothing in it depends on the running exchange.
"""

from __future__ import annotations

import re
from typing import Any, Final

from gateway.description.answer_schemas import ACCOUNT_SHAPE, PROBLEM, SHAPES
from gateway.description.asyncapi import asyncapi
from gateway.description.reference import page
from gateway.description.request_schemas import (
    ACCOUNT,
    AMOUNT_INPUT,
    CLIENT_ORDER_ID,
    CURSOR,
    MEMBERS,
    ORDER_ID,
    SYMBOL,
    VALUES,
    Schema,
    ref,
    whole,
)
from gateway.description.route import Route
from gateway.description.routes import ROUTES
from gateway.errors import CODES, PROBLEM_TYPE
from gateway.feeds.subscriptions import DEPTH_MAX

__all__ = ["asyncapi", "openapi", "page"]

PATH_MEMBERS: Final[dict[str, Schema]] = {
    "symbol": SYMBOL,
    "order_id": ORDER_ID,
    "client_order_id": CLIENT_ORDER_ID,
    "account": ACCOUNT,
    "trade_id": whole("The trade's number on its instrument's tape.", 1),
    "partition": whole("A partition's number."),
}
QUERY_MEMBERS: Final = MEMBERS | {"depth": whole("Levels of each side; 0 is all.", 0, maximum=DEPTH_MAX, default=10)}
QUERY_OF_ROUTES: Final = {
    ("/v1/admin/audit", "cursor"): CURSOR | {"examples": ["1764583200000000000-003-0000000000000001042-000"]}
}
"""Parameters that differ in one route from all others."""

REQUIRED_QUERY: Final = {("/v1/orders/by-client-id/{client_order_id}", "symbol")}
TAGS: Final = {
    "market": "Instruments and market data; no token needed unless the operator says so.",
    "orders": "Order entry; the token's scope must hold `read` or `trade`.",
    "admin": "For operators; the token's scope must hold `admin`.",
    "gateway": "What the gateway says about itself.",
}
DESCRIPTION: Final = """\
Prices and quantities are decimal strings. `null` counts as left out, except for decimals; an unknown member or query
parameter is refused. Every error is a problem of RFC 9457 with a stable `code`. Streaming is on the WebSocket
/v1/ws: see /asyncapi.json."""

HEADERS: Final[dict[str, Any]] = {
    "RateLimit-Policy": {
        "description": "The limit that this request counted against (draft-ietf-httpapi-ratelimit-headers).",
        "schema": {"type": "string", "examples": ['"orders";q=2000;w=2']},
    },
    "RateLimit": {
        "description": "What is left of it, and in how many seconds it is whole again.",
        "schema": {"type": "string", "examples": ['"orders";r=1999;t=1']},
    },
    "X-Request-Id": {
        "description": "Yours echoed, or one of ours.",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Whole seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {"description": "How to log in.", "schema": {"type": "string"}},
}
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Taken as client_order_id when the body has none.",
    "schema": CLIENT_ORDER_ID,
}


def openapi() -> dict[str, Any]:
    """The document, JSON-ready."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Openbell HTTP API",
            "version": "1",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/", "description": "The gateway that serves this document."}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": VALUES | SHAPES | {"AmountInput": AMOUNT_INPUT, "Account": ACCOUNT_SHAPE, "Problem": PROBLEM},
            "headers": HEADERS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def operation(route: Route) -> dict[str, Any]:
    """The operation of a route."""
    found: dict[str, Any] = {
        "operationId": operation_id(route),
        "summary": route.summary,
        "tags": [tag_of(route)],
        "security": [{"token": []}] if route.scope else [{}, {"token": []}] if route.is_open else [],
        "parameters": parameters(route),
        "responses": {str(route.status): success(route)} | problems(route),
    }
    if route.scope:
        found["description"] = f"The token's scope must hold `{route.scope}`."
    if route.body is not None:
        content = {"application/json": {"schema": route.body}}
        found["requestBody"] = {"required": route.body_required, "content": content}
    return found


def parameters(route: Route) -> list[dict[str, Any]]:
    """The parameters in the path, the query and the headers."""
    found = [
        {"name": name, "in": "path", "required": True, "schema": PATH_MEMBERS[name]}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    found += [
        {
            "name": name,
            "in": "query",
            "required": (route.path, name) in REQUIRED_QUERY,
            "schema": QUERY_OF_ROUTES.get((route.path, name), QUERY_MEMBERS[name]),
        }
        for name in route.query
    ]
    return [*found, IDEMPOTENCY_KEY] if route.path == "/v1/orders" and route.method == "post" else found


def success(route: Route) -> dict[str, Any]:
    """The answer on success."""
    content = {route.media_type: {"schema": route.answer}}
    return {"description": route.summary, "headers": headers("RateLimit", "RateLimit-Policy"), "content": content}


def problems(route: Route) -> dict[str, Any]:
    """The error answers, by status."""
    codes: dict[int, list[str]] = {}
    for code in route.all_codes:
        codes.setdefault(CODES[code].status, []).append(code)
    return {str(status): problem(status, found) for status, found in sorted(codes.items())}


def problem(status: int, codes: list[str]) -> dict[str, Any]:
    """An error answer and the codes that it may have in this route."""
    names = {401: ["WWW-Authenticate"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
    return {
        "description": ", ".join(f"`{code}`" for code in codes),
        "headers": headers(*names),
        "content": {PROBLEM_TYPE: {"schema": ref("Problem")}},
    }


def headers(*names: str) -> dict[str, Any]:
    """These headers, and the request's id."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, "X-Request-Id")}


def operation_id(route: Route) -> str:
    """A name for generated clients: `get_v1_orders_by_order_id`."""
    words = re.sub(r"{(\w+)}", r"by_\1", route.path)
    return route.method + re.sub(r"\W+", "_", words).rstrip("_")


def tag_of(route: Route) -> str:
    """The part of the API that a route belongs to."""
    if route.path.startswith("/v1/admin"):
        return "admin"
    if route.scope:
        return "orders"
    return "market" if route.path.startswith(("/v1/instruments", "/v1/time")) else "gateway"
