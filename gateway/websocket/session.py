"""Session: one client connection without its socket; frames in, frames out through the outbox.

Rules: requests are accepted in order; a request that has to wait before it can be carried out (a login, a symbol to be
located) delays those behind it. Answers are sent when they are ready. A frame can cause nothing worse than an
`ApiError`, whatever its content.
A refused frame costs like any other (`reads`, before a login the address's), and leaves the count of bad frames as it
is unless its request was understood.
Bounds: those of `replies`; `bad_frames` without a request understood between them, then 1008; `idle_seconds`.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

import msgspec
import orjson

from gateway.errors import ApiError, BadRequest, Malformed, NotKnown, NotPromised
from gateway.frames import POLICY
from gateway.requests import protocol
from gateway.requests.order_frames import order_of
from gateway.requests.protocol import Request
from gateway.requests.timestamps import time_text
from gateway.throttle import READS
from gateway.websocket.channel_methods import METHODS as CHANNEL_METHODS
from gateway.websocket.channel_methods import ChannelMethods, ResumeParams
from gateway.websocket.frame_gate import FrameGate, Shell
from gateway.websocket.login import Login
from gateway.websocket.order_methods import METHODS as ORDER_METHODS
from gateway.websocket.order_methods import OrderMethods
from gateway.websocket.replies import Replies
from gateway.websocket.session_subscriptions import SessionSubscriptions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from gateway.outbox import Outbox
    from gateway.services import Services

__all__ = ["METHODS", "NoParams", "ResumeParams", "Session"]

NOT_UNDERSTOOD: Final = (400, 413, 429)
"""Statuses of refusals after which a client may still be sending garbage: the frame was not understood."""


class NoParams(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The params of ping and time."""


_none = msgspec.json.Decoder(NoParams)


class Session:
    """The session of a connection. `number` is its name at the exchange, `address` the key of limits."""

    def __init__(self, services: Services, outbox: Outbox, shell: Shell, number: str, address: str) -> None:
        self.number = number
        self.replies = Replies(services, outbox, number, address)
        self.held = SessionSubscriptions(services, outbox)
        self.login = Login(self.replies, self.held, services)
        self._services = services
        self._shell = shell
        self._entry = OrderMethods(self.replies, self.login, services)
        self._channels = ChannelMethods(self.replies, self.login, self.held, services)
        self._turnstile = FrameGate(self._accept, shell, services.tasks)
        self._bad_frames = 0
        self.now = asyncio.get_running_loop().time
        """The clock of `idle_seconds`, in seconds."""
        self._quiet_since = self.now()

    @property
    def in_flight(self) -> int:
        """The number of the session's requests without an answer yet."""
        return self.replies.in_flight

    # Frames in

    def accept(self, frame: bytes) -> None:
        """Accept a text frame of the client."""
        self._turnstile.arrive(frame)

    def accept_bad(self, error: ApiError) -> None:
        """Refuse a frame that is no text, or too large, or no request."""
        self.replies.paid = False
        self._turn_down(b"", error)
        self._bad_frames += 1
        if self._bad_frames >= self._services.settings.bad_frames:
            self._shell.close(POLICY, "too many frames that could not be read")

    def end(self) -> None:
        """Send nothing more, and run the promised cancels."""
        if not self.replies.ended:
            self.replies.end()
            self.held.end_all()
            self.login.end()

    def tick(self) -> None:
        """Each second: token expiry, heartbeat, idle time."""
        self.login.check_expiry()
        self.held.beat(time.time_ns())
        if self.login.principal is not None or len(self.held):
            self._quiet_since = self.now()
        elif self.now() - self._quiet_since > self._services.settings.idle_seconds:
            self._shell.close(POLICY, "log in or subscribe")

    # Carrying requests out

    def _accept(self, frame: bytes) -> None:
        if self.replies.ended:
            return
        self.replies.paid = False
        order = order_of(frame)
        if order is not None:
            identity, params = order
            try:
                self._entry.accept(identity, params)
                self._bad_frames = 0
            except ApiError as error:
                self._turn_down(identity, error)
            except (NotKnown, NotPromised):
                self._accept_any(frame)
            except Exception as error:
                self.replies.refuse_fault(identity, type(params).__name__, error)
        else:
            self._accept_any(frame)

    def _accept_any(self, frame: bytes) -> None:
        """The slow path: any frame, also an order's that has to wait."""
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
            self.replies.refuse_fault(request.id, request.method, error)

    def _read(self, frame: bytes) -> Request | None:
        """The request in any frame; None if there is none and the refusal has been sent."""
        try:
            return protocol.request_of(frame)
        except Malformed as error:
            self.accept_bad(error)
        except BadRequest as error:
            self._turn_down(error.id, error)
        return None

    def _turn_down(self, identity: bytes, error: ApiError) -> None:
        """Refuse a frame, at the cost of a read if the frame has cost nothing yet, so that garbage is paid for."""
        if error.status not in NOT_UNDERSTOOD:
            self._bad_frames = 0
        if not self.replies.paid:
            try:
                self.replies.spend(READS)
            except ApiError as limited:
                error = limited
        self.replies.refuse(identity, error)

    def _carry_out(self, request: Request) -> None:
        about_orders = ORDER_METHODS.get(request.method)
        if about_orders is not None:
            about_orders(self._entry, request)
            return
        self.replies.spend(READS)
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
            self.replies.refuse_fault(request.id, request.method, error)

    async def _carry_out_after(self, request: Request, missing: NotKnown | NotPromised) -> None:
        """Locate a request's missing symbol or store its missing promise, then carry the request out or wait again."""
        if isinstance(missing, NotKnown):
            await self._services.directory.locate(missing.symbol)
        else:
            await self.login.promise(missing.account)
        if self.replies.ended:
            return
        try:
            self._carry_out(request)
        except (NotKnown, NotPromised) as more:
            await self._carry_out_after(request, more)

    def log_in(self, request: Request) -> None:
        """Carry out `login`."""
        self._turnstile.hold(self._wait(request, self.login.begin(request)))

    def tell_time(self, request: Request) -> None:
        """Carry out `ping` or `time`."""
        protocol.params_of(request, _none)
        self.replies.answer(request.id, orjson.dumps({"time": time_text(time.time_ns())}))


METHODS: dict[str, Callable[[Session, Request], None]] = {
    "login": Session.log_in,
    "ping": Session.tell_time,
    "time": Session.tell_time,
}
