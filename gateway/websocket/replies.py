"""Replies: a session's answers to its requests, the cost of each request, and the number under way.

Below the session and below all that carries requests out (login, order methods, channel methods): each request spends
its cost here, begins, and is answered through the session's outbox. Nothing is sent after `end`.
Bounds: `requests_in_flight`, then `too_many`; cancels alone have a tenth more.
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
"""The part of the bound on requests in flight that cancels alone have beyond it: a tenth."""


class Replies:
    """The replies of one session, which `number` names to the exchange.

    address: the key of limits before a login. payer: the account that requests count for, "" before a login. in_flight:
    requests without an answer yet. paid: whether the frame at hand has cost its sender something.
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
        """Send nothing more: the connection is gone."""
        self.ended = True

    # Answers

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
        """Refuse a request that met a fault of the gateway; only the log has the details."""
        log.error("session.fault", method=method[:64], session=self.number, exc_info=error)
        self.refuse(identity, ApiError("internal"))

    def request_id(self) -> str:
        """A new id for a request that fails, by which a client can report it."""
        self._requests += 1
        return f"{self.number}-{self._requests}"

    # Cost and number of requests

    def spend(self, kind: str, count: int = 1) -> None:
        """Spend a request's cost from its payer's bucket, or the address's before a login; ApiError `rate_limited`."""
        self.paid = True
        if not self._throttle.enabled:
            return
        if self.payer:
            self._throttle.spend(kind, self.payer, self._now(), count)
        else:
            self._throttle.spend(ADDRESS, self._address, self._now(), count)

    def begin(self, count: int = 1, kind: str = ORDERS) -> None:
        """Count requests that are under way from now on; ApiError `too_many`. CANCELS have the reserve as well."""
        if self.in_flight + count > self._in_flight_max + (self._cancels_in_flight if kind == CANCELS else 0):
            raise ApiError("too_many", "wait for the answers to earlier requests")
        self.in_flight += count

    def finish(self, count: int = 1) -> None:
        """Uncount requests that are no longer under way."""
        self.in_flight -= count

    def ask(self, request: Request, question: Coroutine[Any, Any, bytes]) -> None:
        """Answer a request when its query is answered; later requests may overtake it."""
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
