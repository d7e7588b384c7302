"""Reference: the API on one page for people, /docs. Plain HTML, without scripts, styles or anything from elsewhere.

Every code has an anchor of its own: the `type` of an error links to it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from gateway.description.methods import CHANNELS, METHODS
from gateway.description.routes import ROUTES
from gateway.errors import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

INTRODUCTION: Final = """\
<p>HTTP under <code>/v1</code>, a WebSocket at <code>/v1/ws</code>. Exact shapes:
<a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1) and <a href="/asyncapi.json">/asyncapi.json</a> (AsyncAPI 3.0).
Prices and quantities are decimal strings; an unknown member of a request is refused; every error has a stable
<code>code</code>, listed below with what to do about it.</p>
<pre>{"id": 1, "method": "subscribe", "params": {"channel": "book", "symbols": ["ACME"]}}
{"id": 2, "method": "login", "params": {"token": "…"}}
{"id": 3, "method": "order.place", "params": {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "10",
  "price": "101.25"}}</pre>
"""


def page() -> str:
    """The page."""
    routes = (
        (f"{route.method.upper()} {route.path}", route.scope or "—", route.summary, " ".join(route.codes))
        for route in ROUTES
    )
    methods = ((method.name, method.summary) for method in METHODS)
    channels = ((channel.name, channel.summary) for channel in CHANNELS)
    codes = ((code, str(row.status), row.message) for code, row in CODES.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><title>Openbell API</title></head>\n'
        f"<body><main><h1>Openbell API</h1>\n{INTRODUCTION}"
        + section("WebSocket methods", ("method", "what it does"), methods)
        + section("WebSocket channels", ("channel", "what it tells"), channels)
        + section("HTTP routes", ("route", "scope", "what it does", "codes of its own"), routes)
        + section("Codes", ("code", "HTTP status", "what to do"), codes)
        + "</main></body></html>\n"
    )


def section(title: str, heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table under a heading; a row's anchor is its first cell."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "\n".join(
        f'<tr id="{escape(row[0].replace(" ", "_"))}"><th scope="row"><code>{escape(row[0])}</code></th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<h2>{escape(title)}</h2>\n<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>\n"
