"""Login: a session's principal, its expiry, and the cancels promised for the session's end.

Rules: a login that fails changes nothing. An expired token closes nothing: private requests are refused
`token_expired` and the private channels end until the next login. A login as another account ends the private
channels of the first. A promised cancel stays promised until the connection ends, and is stored before the login is
answered: should this gateway die, the partitions' leaders cancel the orders
(streams/promises/cancel_promises.py).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import orjson

from exchange.units import SECOND
from gateway.errors import ApiError, NotPromised
from gateway.orders import Prepared, result_of
from gateway.requests import protocol
from gateway.requests.names import checked_account
from gateway.requests.order_requests import Text
from gateway.requests.timestamps import time_text
from streams.errors import Unavailable

if TYPE_CHECKING:
    from gateway.identity.tokens import Principal
    from gateway.requests.protocol import Request
    from gateway.services import Services
    from gateway.websocket.replies import Replies
    from gateway.websocket.session_subscriptions import SessionSubscriptions

ACTED_FOR_MAX: Final = 1_000
"""Accounts for which one connection may promise cancels."""

CANCEL_PAUSE_SECONDS: Final = 0.5
"""The pause before a promised cancel is retried while the exchange does not accept it."""


class LoginParams(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The params of login."""

    token: str
    cancel_on_disconnect: Text = msgspec.UNSET


_login = msgspec.json.Decoder(LoginParams)


class Login:
    """The login of a session. `_promised` are the cancels due at its end: account and session, "" for all orders."""

    def __init__(self, replies: Replies, held: SessionSubscriptions, services: Services) -> None:
        self.principal: Principal | None = None
        self._replies = replies
        self._held = held
        self._services = services
        self.cancel_pause_seconds = CANCEL_PAUSE_SECONDS
        """The pause before a promised cancel is retried."""
        self._now = services.identity.now
        self._by_connection = False
        self._expired = False
        self._promised: dict[tuple[str, str], None] = {}
        self._maybe_stored = False  # whether a promise may be stored

    async def begin(self, request: Request) -> None:
        """Carry out a login."""
        params = protocol.params_of(request, _login)
        mode = params.cancel_on_disconnect if isinstance(params.cancel_on_disconnect, str) else ""
        if mode not in ("", "connection", "account"):
            sentence = "cancel_on_disconnect must be connection or account"
            raise ApiError("bad_request", sentence, "cancel_on_disconnect")
        principal = await self._services.identity.verify(params.token)
        promised = self._promised_after(principal, mode)
        if promised != self._promised and not self._replies.ended:
            await self._store(promised)
        if self._replies.ended:
            return
        try:
            self.become(principal)
        except ApiError:
            await self._store(self._promised)
            raise
        self._by_connection = mode == "connection"
        self._promised = promised
        described = {
            "account": principal.account,
            "scope": principal.scope_text,
            "expires": time_text(principal.expires * SECOND),
        }
        self._replies.answer(request.id, orjson.dumps(described))

    def become(self, principal: Principal) -> None:
        """Replace the session's principal; ApiError `too_many` if the account has too many connections."""
        before = self.principal
        if before is None or before.account != principal.account:
            self._services.sessions.enter_account(principal.account)
            if before is not None:
                self._services.sessions.leave_account(before.account)
                self._held.suspend("login")
        same = before is not None and before.account == principal.account
        self.principal = principal
        self._replies.payer = principal.account
        self._expired = False
        self._held.resume(restore=same)

    @property
    def account(self) -> str:
        """The account logged in, or ""."""
        return self.principal.account if self.principal else ""

    def account_for(self, scope: str, named: Text) -> str:
        """The account that a request acts for; ApiError if it is not allowed."""
        principal = self.principal
        if principal is None:
            raise ApiError("unauthenticated")
        if self._expired or (principal.expired(self._now()) and self.check_expiry()):
            raise ApiError("token_expired")
        if not principal.may(scope):
            raise ApiError("forbidden", f"the token lacks the scope {scope}")
        if not isinstance(named, str) or named == principal.account:
            return principal.account
        if not principal.may_act_for(checked_account(named)):
            raise ApiError("forbidden", "the token does not allow this account", "account")
        return named

    def check_market_data(self, channel: str) -> None:
        """ApiError if the operator requires a login for market data and the session has none."""
        if self._services.settings.market_data_login and channel != "heartbeat" and self.principal is None:
            raise ApiError("unauthenticated")

    def check_expiry(self) -> bool:
        """Whether the token has expired; the first call that finds it expired ends the private channels."""
        if self.principal is None or self._expired:
            return self._expired
        if self.principal.expired(self._now()):
            self._expired = True
            self._held.suspend("token_expired")
        return self._expired

    def check_promised(self, account: str) -> None:
        """NotPromised if an order for this account has to wait for its promise to be stored."""
        if self._by_connection and (account, self._replies.number) not in self._promised:
            if len(self._promised) >= ACTED_FOR_MAX:
                raise ApiError("too_many", "this connection has traded for too many accounts", "account")
            raise NotPromised(account)

    async def promise(self, account: str) -> None:
        """Promise to cancel the orders that this connection places for an account; ApiError `unavailable`."""
        promised = self._promised | {(account, self._replies.number): None}
        await self._store(promised)
        self._promised = promised

    def end(self) -> None:
        """Leave the account and run the promised cancels."""
        if self.principal is not None:
            self._services.sessions.leave_account(self.principal.account)
        if self._maybe_stored:
            self._services.sessions.keep_promise(self._keep_promises())

    def _promised_after(self, principal: Principal, mode: str) -> dict[tuple[str, str], None]:
        """The promises in force once this login has succeeded."""
        promised = {promise: None for promise in self._promised if promise != (principal.account, "")}
        if mode:
            promised[principal.account, self._replies.number if mode == "connection" else ""] = None
        return promised

    async def _store(self, promised: dict[tuple[str, str], None]) -> None:
        """Store the promises; ApiError `unavailable`."""
        self._maybe_stored = True
        try:
            await self._services.venue.promises.make(self._replies.number, list(promised))
        except Unavailable as error:
            raise ApiError("unavailable", retry_after=self.cancel_pause_seconds) from error

    async def _keep_promises(self) -> None:
        """Retry the cancels until each has an outcome, however long the exchange is away, then release the promise."""
        orders = self._services.orders
        for account, session in self._promised:
            await asyncio.gather(*map(self._cancel, orders.cancel_disconnected(account, session)))
        while True:
            try:
                await self._services.venue.promises.forget(self._replies.number)
            except Unavailable:
                await asyncio.sleep(self.cancel_pause_seconds)
            else:
                return

    async def _cancel(self, prepared: Prepared) -> None:
        """Retry a cancel until it has an outcome; repeating is harmless."""
        while True:
            try:
                future = self._services.orders.submit(prepared)
                await asyncio.wait([future])
                result_of(future)
            except ApiError:
                await asyncio.sleep(self.cancel_pause_seconds)
            else:
                return
