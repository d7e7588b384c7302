"""Replies: what leaves a session in answer to its requests, what each request costs, and how many are under way.

Below the session and below everything that carries requests out (login, order methods, channel methods): they take
their cost here, begin, and answer through the session's outbox once the answer is there. Nothing leaves after `end`.
Bounds: `requests_in_flight`, then `too_many`; for cancels alone there is a tenth more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import structlog

from gateway.errors import ApiError
from gateway.frames import frame_of
from gateway.requests import protocol
from gateway.throttle import ADDRESS, CANCELS, ORDERS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine

    from gateway.outbox import Outbox
    from gateway.requests.protocol import Request
    from gateway.services import Services
    from streams.venue import Outcome

log = structlog.get_logger()

RESERVE: Final = 10
"""Beyond the bound on requests in flight there is room for this part more of them, for cancels alone."""


class Replies:
    """The replies of one session, which `number` names to the exchange.

    address: what limits count by as long as nobody has logged in. payer: the account that requests count for, "" before
    a login. in_flight: requests without their answer. paid: whether the frame at hand has cost its sender something.
    """

    def __init__(self, services: Services, outbox: Outbox, number: str, address: str) -> None:
        self.number = number
        self.payer = ""
        self.in_flight = 0
        self.paid = False
        self.ended = False
        self._address = address
        self._tasks = services.tasks
        self._throttle = services.throttle
        self._in_flight_max = services.settings.requests_in_flight
        self._cancels_in_flight = max(1, self._in_flight_max // RESERVE)
        self._outbox = outbox
        self._requests = 0
        self._now = asyncio.get_running_loop().time

    def end(self) -> None:
        """The connection is gone: nothing is sent any more."""
        self.ended = True

    # What is sent

    def answer(self, identity: bytes, body: bytes, journal: bytes = b"") -> None:
        """Send a success."""
        if not self.ended:
            self._outbox.send(frame_of(protocol.result_frame(identity, body, journal)))

    def pass_on(self, identity: bytes, outcome: Outcome) -> None:
        """Send the exchange's own answer, a success or a refusal."""
        if self.ended:
            return
        if not outcome.code:
            frame = protocol.result_frame(identity, outcome.body, outcome.journal)
        else:
            body = protocol.with_request_id(outcome.body, self.request_id())
            frame = protocol.error_frame(identity, body, outcome.journal)
        self._outbox.send(frame_of(frame))

    def refuse(self, identity: bytes, error: ApiError) -> None:
        """Send a refusal of the gateway's own."""
        if not self.ended:
            body = protocol.error_json(error, self.request_id())
            self._outbox.send(frame_of(protocol.error_frame(identity, body)))

    def refuse_fault(self, identity: bytes, method: str, error: Exception) -> None:
        """Refuse a request that met a fault of the gateway: the log has the details, the client gets none."""
        log.error("session.fault", method=method[:64], session=self.number, exc_info=error)
        self.refuse(identity, ApiError("internal"))

    def request_id(self) -> str:
        """A name for a request that goes wrong, so that a client can tell us which."""
        self._requests += 1
        return f"{self.number}-{self._requests}"

    # What requests cost, and how many there are

    def spend(self, kind: str, count: int = 1) -> None:
        """Take a request's cost from its payer, or from the address before a login; ApiError `rate_limited`."""
        self.paid = True
        if not self._throttle.enabled:
            return
        if self.payer:
            self._throttle.spend(kind, self.payer, self._now(), count)
        else:
            self._throttle.spend(ADDRESS, self._address, self._now(), count)

    def begin(self, count: int = 1, kind: str = ORDERS) -> None:
        """So many requests are under way from now on; ApiError `too_many`. CANCELS have the reserve as well."""
        if self.in_flight + count > self._in_flight_max + (self._cancels_in_flight if kind == CANCELS else 0):
            raise ApiError("too_many", "wait for the answers to earlier requests")
        self.in_flight += count

    def finish(self, count: int = 1) -> None:
        """So many requests are not under way any more."""
        self.in_flight -= count

    def ask(self, request: Request, question: Coroutine[Any, Any, bytes]) -> None:
        """Answer a request when its question is answered; others may overtake it."""
        try:
            self.begin()
        except ApiError:
            question.close()
            raise
        self._tasks.create_task(self._ask(request, question))

    async def _ask(self, request: Request, question: Awaitable[bytes]) -> None:
        try:
            self.answer(request.id, await question)
        except ApiError as error:
            self.refuse(request.id, error)
        except Exception as error:
            self.refuse_fault(request.id, request.method, error)
        finally:
            self.finish()
