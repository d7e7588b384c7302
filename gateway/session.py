"""One client connection without its socket: frames in, frames out through the outbox.

Rules: requests are taken in order; one that has to wait before it can be carried out (a login, a symbol that must
be looked for) holds up those behind it. Answers leave when they are there. Nothing but an `ApiError` ever comes of
a frame, whatever is in it.
A frame that is refused is paid for like any other (`reads`, without login by the address), and leaves the count of bad
frames as it is unless its request was understood.
Bounds: `requests_in_flight`, then `too_many`, but cancels have a tenth more; `bad_frames` without a request understood
between them, then 1008; `idle_seconds`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson
import structlog

from gateway import protocol
from gateway.channels import METHODS as CHANNEL_METHODS
from gateway.channels import Channels, ResumeParams
from gateway.entry import METHODS as ORDER_METHODS
from gateway.entry import Entry
from gateway.errors import ApiError, BadRequest, Malformed, NotKnown, NotPromised
from gateway.frames import POLICY, frame_of
from gateway.held import Held
from gateway.login import Login
from gateway.order_frames import order_of
from gateway.protocol import Request
from gateway.requests import Text
from gateway.throttle import ADDRESS, CANCELS, ORDERS, READS
from gateway.timestamps import time_text
from gateway.turnstile import Shell, Turnstile

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from gateway.outbox import Outbox
    from gateway.services import Services
    from streams.venue import Outcome

__all__ = ["METHODS", "NoParams", "ResumeParams", "Session"]

log = structlog.get_logger()

NOT_UNDERSTOOD: Final = (400, 413, 429)
"""Statuses of refusals after which a client may still be sending garbage: nothing it sent has been understood."""


RESERVE: Final = 10
"""Beyond the bound on requests in flight there is room for this part more of them, for cancels alone."""


class NoParams(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """ping and time."""


_none = msgspec.json.Decoder(NoParams)


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
        self._throttle = services.throttle
        self._in_flight_max = services.settings.requests_in_flight
        self._cancels_in_flight = max(1, self._in_flight_max // RESERVE)
        self._outbox = outbox
        self._shell = shell
        self._entry = Entry(self, services)
        self._channels = Channels(self, services)
        self._turnstile = Turnstile(self._take, shell, services.tasks)
        self._bad_frames = 0
        self._paid = False  # whether the frame at hand has cost its sender something
        self._requests = 0
        self._now = asyncio.get_running_loop().time
        self._quiet_since = self._now()

    # What comes in

    def take(self, frame: bytes) -> None:
        """A text frame of the client."""
        self._turnstile.arrive(frame)

    def take_bad(self, error: ApiError) -> None:
        """A frame that is no text, or too large, or no request."""
        self._paid = False
        self._turn_down(b"", error)
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

    def answer(self, identity: bytes, body: bytes, journal: bytes = b"") -> None:
        """A success."""
        if not self.ended:
            self._outbox.send(frame_of(protocol.result_frame(identity, body, journal)))

    def pass_on(self, identity: bytes, outcome: Outcome) -> None:
        """The exchange's own answer."""
        if self.ended:
            return
        if not outcome.code:
            frame = protocol.result_frame(identity, outcome.body, outcome.journal)
        else:
            body = protocol.with_request_id(outcome.body, self.request_id())
            frame = protocol.error_frame(identity, body, outcome.journal)
        self._outbox.send(frame_of(frame))

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

    def reader(self, named: Text) -> str:
        """The account whose orders a request reads, its cost taken."""
        account = self.login.account_for("read", named)
        self.spend(READS)
        return account

    def spend(self, kind: str, count: int = 1) -> None:
        """Take a request's cost; ApiError `rate_limited`. Without login the address pays."""
        self._paid = True
        principal = self.login.principal
        if not self._throttle.enabled:
            return
        if principal is None:
            self._throttle.spend(ADDRESS, self.address, self._now(), count)
        else:
            self._throttle.spend(kind, principal.account, self._now(), count)

    def begin(self, count: int = 1, kind: str = ORDERS) -> None:
        """So many requests are under way from now on; of the kind CANCELS there may be some more than of others."""
        if self.in_flight + count > self._in_flight_max + (self._cancels_in_flight if kind == CANCELS else 0):
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
        except Exception as error:
            self._fault(request.id, request.method, error)
        finally:
            self.finish()

    # Carrying requests out

    def _take(self, frame: bytes) -> None:
        if self.ended:
            return
        self._paid = False
        order = order_of(frame)
        if order is not None:
            identity, params = order
            try:
                self._entry.take(identity, params)
                self._bad_frames = 0
            except ApiError as error:
                self._turn_down(identity, error)
            except (NotKnown, NotPromised):
                self._take_any(frame)
            except Exception as error:
                self._fault(identity, type(params).__name__, error)
        else:
            self._take_any(frame)

    def _take_any(self, frame: bytes) -> None:
        """Any frame: also an order's that has to wait for something."""
        request = self._read(frame)
        if request is None:
            return
        try:
            self._carry_out(request)
            self._bad_frames = 0
        except ApiError as error:
            self._turn_down(request.id, error)
        except (NotKnown, NotPromised) as missing:
            self._turnstile.hold(self._wait(request, self._carry_out_after(request, missing)))
        except Exception as error:
            self._fault(request.id, request.method, error)

    def _read(self, frame: bytes) -> Request | None:
        """The request in any frame; None if there is none, and the client has been told."""
        try:
            return protocol.request_of(frame)
        except Malformed as error:
            self.take_bad(error)
        except BadRequest as error:
            self._turn_down(error.id, error)
        return None

    def _turn_down(self, identity: bytes, error: ApiError) -> None:
        """Refuse a frame, at the cost of a question if it has cost nothing yet: whoever sends garbage pays for it."""
        if error.status not in NOT_UNDERSTOOD:
            self._bad_frames = 0
        if not self._paid:
            try:
                self.spend(READS)
            except ApiError as limited:
                error = limited
        self.refuse(identity, error)

    def _carry_out(self, request: Request) -> None:
        about_orders = ORDER_METHODS.get(request.method)
        if about_orders is not None:
            about_orders(self._entry, request)
            return
        self.spend(READS)
        about_channels = CHANNEL_METHODS.get(request.method)
        if about_channels is not None:
            about_channels(self._channels, request)
        elif request.method in METHODS:
            METHODS[request.method](self, request)
        else:
            raise ApiError("unknown_method", field="method")

    async def _wait(self, request: Request, work: Awaitable[None]) -> None:
        try:
            await work
        except ApiError as error:
            self._turn_down(request.id, error)
        except Exception as error:
            self._fault(request.id, request.method, error)

    async def _carry_out_after(self, request: Request, missing: NotKnown | NotPromised) -> None:
        """See to what is missing for a request, then carry it out, unless something else is missing."""
        if isinstance(missing, NotKnown):
            await self._services.directory.look(missing.symbol)
        else:
            await self.login.promise(missing.account)
        if self.ended:
            return
        try:
            self._carry_out(request)
        except (NotKnown, NotPromised) as more:
            await self._carry_out_after(request, more)

    def _fault(self, identity: bytes, method: str, error: Exception) -> None:
        """We are wrong: the client is told no details, the log has them."""
        log.error("session.fault", method=method[:64], session=self.number, exc_info=error)
        self.refuse(identity, ApiError("internal"))

    def log_in(self, request: Request) -> None:
        """Carry out `login`."""
        self._turnstile.hold(self._wait(request, self.login.begin(request)))

    def tell_time(self, request: Request) -> None:
        """Carry out `ping` or `time`."""
        protocol.params_of(request, _none)
        self.answer(request.id, orjson.dumps({"time": time_text(time.time_ns())}))


METHODS: dict[str, Callable[[Session, Request], None]] = {
    "login": Session.log_in,
    "ping": Session.tell_time,
    "time": Session.tell_time,
}
