"""The call: one HTTP request, its principal, cost, query and body; and the answers that all routes share.

Rules: the account comes from the token; unknown members and query parameters are refused; private answers are never
cached. Bounds: a body's `frame_bytes`, and BODY_SECONDS for it to arrive.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import TYPE_CHECKING, Any, Final, TypeVar

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from gateway.errors import ApiError
from gateway.identity.addresses import client_address, limit_key
from gateway.orders import refusal_of, result_of
from gateway.requests import protocol
from gateway.requests.names import checked_account
from gateway.requests.order_requests import Text
from gateway.throttle import ADDRESS, READS

if TYPE_CHECKING:
    import msgspec

    from gateway.identity.tokens import Principal
    from gateway.orders import Prepared
    from gateway.services import Services

Params = TypeVar("Params")

BODY_SECONDS: Final = 10.0
JSON: Final = "application/json"

_traceparent = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}").fullmatch  # W3C
_request_id = re.compile(r"[A-Za-z0-9._:-]{1,64}").fullmatch


class Call:
    """A request being answered. `headers` are sent with the answer, whatever it is."""

    def __init__(self, request: web.Request, services: Services) -> None:
        self.request = request
        self.services = services
        self.headers: dict[str, str] = {}
        given = request.headers.get("X-Request-Id", "")
        self.request_id = given if _request_id(given) else secrets.token_hex(8)
        peer = request.remote or ""
        # A proxy may add a header line instead of extending the one that came; only all lines together are the path.
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
        traceparent = request.headers.get("traceparent", "")
        self.traceparent = traceparent if _traceparent(traceparent) else ""
        if self.traceparent:
            self.headers["traceparent"] = self.traceparent
        self.address = client_address(peer, forwarded, services.settings.trusted_proxies)

    # Identity and limits

    @property
    def token(self) -> str | None:
        """The token in the header, None without one; ApiError `unauthenticated` for any other kind of credentials."""
        header = self.request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ApiError("unauthenticated", "give the token as Authorization: Bearer …")
        return token.strip()

    async def principal(self) -> Principal | None:
        """The principal, None without a token; the address pays for a token that is not valid."""
        try:
            token = self.token
            return None if token is None else await self.services.identity.verify(token)
        except ApiError:
            self._spend(ADDRESS, limit_key(self.address))
            raise

    async def public(self) -> None:
        """Admit anybody, unless the operator requires a login."""
        principal = await self.principal()
        if principal is not None:
            self._spend(READS, principal.account)
            return
        self._spend(ADDRESS, limit_key(self.address))
        if self.services.settings.market_data_login:
            raise ApiError("unauthenticated")

    async def login(self, scope: str, kind: str) -> Principal:
        """Admit a principal with this scope, and spend a token of this kind."""
        principal = await self.principal()
        if principal is None:
            self._spend(ADDRESS, limit_key(self.address))
            raise ApiError("unauthenticated")
        self._spend(kind, principal.account)
        if not principal.may(scope):
            raise ApiError("forbidden", f"the token lacks the scope {scope}")
        self.headers["Cache-Control"] = "no-store"
        return principal

    def show_limits(self) -> None:
        """Set the address's limit headers where nothing was spent, so that every answer has some."""
        if "RateLimit" not in self.headers:
            self._spend(ADDRESS, limit_key(self.address), 0)

    def _spend(self, kind: str, key: str, count: int = 1) -> None:
        self.headers |= self.services.throttle.spend(kind, key, asyncio.get_running_loop().time(), count)

    # Query and body

    def query(self, kind: type[Params]) -> Params:
        """The query of the URL."""
        return protocol.query_of(list(self.request.query.items()), kind)

    @property
    def has_body(self) -> bool:
        """Whether the request has a body, where one may be left out."""
        return self.request.body_exists

    async def body(self, decoder: msgspec.json.Decoder[Params]) -> Params:
        """The body, which must be a JSON object."""
        if self.request.content_type != JSON:
            raise ApiError("unsupported_media_type")
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await self.request.read()
        except TimeoutError as error:
            raise ApiError("bad_request", "the body did not arrive in time") from error
        except RequestPayloadError as error:
            raise ApiError("bad_request", "the body is not as its headers say: see encoding and length") from error
        return protocol.body_of(body, decoder)

    # Answers

    def json(self, body: bytes | dict[str, Any], status: int = 200) -> web.Response:
        """A JSON answer."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return web.Response(status=status, body=data, content_type=JSON)

    async def carry_out(self, prepared: Prepared) -> bytes:
        """Submit a command and wait for its result as JSON, or ApiError."""
        future = self.services.orders.submit(prepared)
        await asyncio.wait([future])
        result = result_of(future)
        if result.code:
            raise refusal_of(result.body)
        return result.body


def account_of(principal: Principal, named: Text) -> str:
    """The account that a request acts for; ApiError `forbidden` if it is not allowed."""
    if not isinstance(named, str) or named == principal.account:
        return principal.account
    if not principal.may_act_for(checked_account(named)):
        raise ApiError("forbidden", "the token does not allow this account", "account")
    return named
