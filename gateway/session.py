"""One client connection without its socket: frames in, frames out through the outbox.

Rules: requests are taken in order; one that has to wait before it can be carried out (a login, a symbol that must
be looked for) holds up those behind it. Answers leave when they are there. Nothing but an `ApiError` ever comes of
a frame, whatever is in it.
Bounds: `requests_in_flight`, then `too_many`; `bad_frames` in a row, then 1008; `idle_seconds`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
import orjson
import structlog

from gateway import protocol
from gateway.directory import NotKnown
from gateway.entry import METHODS as ORDER_METHODS
from gateway.entry import Entry
from gateway.errors import ApiError
from gateway.frames import POLICY, frame_of
from gateway.held import Held
from gateway.login import Login
from gateway.protocol import BadRequest, Malformed, Request
from gateway.requests import Text
from gateway.subscriptions import ORDERS as ORDERS_CHANNEL
from gateway.subscriptions import SubscribeParams
from gateway.throttle import ADDRESS, READS
from gateway.timestamps import time_text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from gateway.orders import Result
    from gateway.outbox import Outbox
    from gateway.services import Services

log = structlog.get_logger()


class ResumeParams(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """resume."""

    channel: str
    cursor: str
    account: Text = msgspec.UNSET


class NoParams(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """ping and time."""


_subscribe = msgspec.json.Decoder(SubscribeParams)
_resume = msgspec.json.Decoder(ResumeParams)
_none = msgspec.json.Decoder(NoParams)


class Shell(Protocol):
    """The connection's outside: what a session asks of its socket."""

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; nothing is sent or taken after it."""

    def pause(self) -> None:
        """Read no more for now."""

    def go_on(self) -> None:
        """Read again."""


class Session:
    """A connection's state. `number` names it to the exchange, `address` is what limits count by."""

    def __init__(self, services: Services, outbox: Outbox, shell: Shell, number: str, address: str) -> None:
        self.number = number
        self.address = address
        self.in_flight = 0
        self.login = Login(self, services)
        self.held = Held(services, outbox)
        self.ended = False
        self._services = services
        self._outbox = outbox
        self._shell = shell
        self._entry = Entry(self, services)
        self._waiting: deque[bytes] | None = None
        self._bad_frames = 0
        self._requests = 0
        self._now = asyncio.get_running_loop().time
        self._quiet_since = self._now()

    # What comes in

    def take(self, frame: bytes) -> None:
        """A text frame of the client."""
        if self._waiting is not None:
            self._waiting.append(frame)
        elif not self.ended:
            self._take(frame)

    def take_bad(self, error: ApiError) -> None:
        """A frame that is no text, or too large."""
        self.refuse(b"", error)
        self._bad_frames += 1
        if self._bad_frames >= self._services.settings.bad_frames:
            self._shell.close(POLICY, "too many frames that could not be read")

    def end(self) -> None:
        """The connection is gone: nothing is sent any more, and what it promised to cancel is canceled."""
        if not self.ended:
            self.ended = True
            self.held.end_all()
            self.login.end()

    def tick(self) -> None:
        """A second has passed."""
        self.login.check_expiry()
        self.held.beat(time.time_ns())
        if self.login.principal is not None or len(self.held):
            self._quiet_since = self._now()
        elif self._now() - self._quiet_since > self._services.settings.idle_seconds:
            self._shell.close(POLICY, "log in or subscribe")

    # What goes out

    def answer(self, identity: bytes, body: bytes, journal: str = "") -> None:
        """A success."""
        if not self.ended:
            self._outbox.send(frame_of(protocol.result_frame(identity, body, journal)))

    def pass_on(self, identity: bytes, result: Result) -> None:
        """The exchange's own answer."""
        if not result.code:
            self.answer(identity, result.body, result.journal)
        elif not self.ended:
            body = protocol.with_request_id(result.body, self.request_id())
            self._outbox.send(frame_of(protocol.error_frame(identity, body, result.journal)))

    def refuse(self, identity: bytes, error: ApiError) -> None:
        """A refusal of ours."""
        if not self.ended:
            body = protocol.error_json(error, self.request_id())
            self._outbox.send(frame_of(protocol.error_frame(identity, body)))

    # What the methods use

    def request_id(self) -> str:
        """A name for a request that goes wrong, so that a client can tell us which."""
        self._requests += 1
        return f"{self.number}-{self._requests}"

    def account_for(self, scope: str, named: Text) -> str:
        """The account that a request acts for; ApiError unless somebody is logged in who may."""
        return self.login.account_for(scope, named)

    def reader(self, named: Text) -> str:
        """The account whose orders a request reads, its cost taken."""
        account = self.login.account_for("read", named)
        self.spend(READS)
        return account

    def acted_for(self, account: str) -> None:
        """An order is placed for an account on this connection."""
        self.login.acted_for(account)

    def spend(self, kind: str, count: int = 1) -> None:
        """Take a request's cost; ApiError `rate_limited`. Without login the address pays."""
        principal = self.login.principal
        if principal is None:
            self._services.throttle.spend(ADDRESS, self.address, self._now(), count)
        else:
            self._services.throttle.spend(kind, principal.account, self._now(), count)

    def begin(self, count: int = 1) -> None:
        """So many requests are under way from now on."""
        if self.in_flight + count > self._services.settings.requests_in_flight:
            raise ApiError("too_many", "wait for the answers to earlier requests")
        self.in_flight += count

    def finish(self, count: int = 1) -> None:
        """So many are not any more."""
        self.in_flight -= count

    def ask(self, request: Request, question: Coroutine[Any, Any, bytes]) -> None:
        """Answer a request when its question is answered; others may overtake it."""
        try:
            self.begin()
        except ApiError:
            question.close()
            raise
        self._services.tasks.create_task(self._ask(request, question))

    async def _ask(self, request: Request, question: Awaitable[bytes]) -> None:
        try:
            self.answer(request.id, await question)
        except ApiError as error:
            self.refuse(request.id, error)
        except Exception:
            self._fault(request)
        finally:
            self.finish()

    # Carrying requests out

    def _take(self, frame: bytes) -> None:
        try:
            request = protocol.request_of(frame)
        except Malformed as error:
            self.take_bad(error)
            return
        except BadRequest as error:
            self._bad_frames = 0
            self.refuse(error.id, error)
            return
        self._bad_frames = 0
        try:
            self._carry_out(request)
        except ApiError as error:
            self.refuse(request.id, error)
        except NotKnown as missing:
            self._hold(request, self._look(request, missing.symbol))
        except Exception:
            self._fault(request)

    def _carry_out(self, request: Request) -> None:
        method = ORDER_METHODS.get(request.method)
        if method is not None:
            method(self._entry, request)
            return
        other = METHODS.get(request.method)
        self.spend(READS)
        if other is None:
            raise ApiError("unknown_method", field="method")
        other(self, request)

    def _hold(self, request: Request, work: Coroutine[Any, Any, None]) -> None:
        """Take nothing more until this is done."""
        self._waiting = deque()
        self._shell.pause()
        self._services.tasks.create_task(self._then_go_on(request, work))

    async def _then_go_on(self, request: Request, work: Awaitable[None]) -> None:
        try:
            await work
        except ApiError as error:
            self.refuse(request.id, error)
        except Exception:
            self._fault(request)
        waiting, self._waiting = self._waiting, None
        while waiting:
            if self._waiting is not None:
                # One of them has to wait itself: the others go behind it.
                self._waiting.extend(waiting)
                return
            self.take(waiting.popleft())
        if self._waiting is None:
            self._shell.go_on()

    async def _look(self, request: Request, symbol: str) -> None:
        await self._services.directory.look(symbol)
        try:
            self._carry_out(request)
        except NotKnown as missing:
            await self._look(request, missing.symbol)

    def _fault(self, request: Request) -> None:
        """We are wrong: the client is told no details, the log has them."""
        log.exception("session.fault", method=request.method[:64], session=self.number)
        self.refuse(request.id, ApiError("internal"))

    def _login(self, request: Request) -> None:
        self._hold(request, self.login.begin(request))

    def _subscribe(self, request: Request) -> None:
        params = protocol.params_of(request, _subscribe)
        self.login.check_market_data(params.channel)
        account = self.login.account_for("read", params.account) if params.channel == ORDERS_CHANNEL else ""
        keys, options = self.held.wanted(params, account)
        self.held.check_room(keys)
        members = self.held.add(keys, options)
        self._describe(request)
        self.held.begin(members)

    def _unsubscribe(self, request: Request) -> None:
        params = protocol.params_of(request, _subscribe)
        account = params.account if isinstance(params.account, str) else self.login.account
        self.held.end(params, account)
        self._describe(request)

    def _describe(self, request: Request) -> None:
        self.answer(request.id, orjson.dumps({"subscriptions": self.held.described()}))

    def _resume(self, request: Request) -> None:
        params = protocol.params_of(request, _resume)
        if params.channel != ORDERS_CHANNEL:
            raise ApiError("bad_request", "only the channel orders can be resumed", "channel")
        account = self.login.account_for("read", params.account)
        self.ask(request, self._services.orders.reports_since(params.cursor, account))

    def _time(self, request: Request) -> None:
        protocol.params_of(request, _none)
        self.answer(request.id, orjson.dumps({"time": time_text(time.time_ns())}))


METHODS: dict[str, Callable[[Session, Request], None]] = {
    "login": Session._login,
    "subscribe": Session._subscribe,
    "unsubscribe": Session._unsubscribe,
    "resume": Session._resume,
    "ping": Session._time,
    "time": Session._time,
}
