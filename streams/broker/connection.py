"""Connection to NATS: all other modules of streams/ reach the server through it.

- `publish` is at most once: no message is queued while NATS is away. Callers that need more use `store`.
- `store` is definite or says so: Stored, NotStored, or StoreUnknown when no acknowledgement came. It never retries.
- Receivers are plain functions, called in the order of arrival, straight from the socket: they may not await, and
  there is no queue between that could drop a message.
- After a reconnect core subscriptions have missed messages: `on_reconnect` is for healing them.
- A connection that looks alive and receives nothing is found by a request to itself, and replaced. A connection to a
  server that stores nothing any more moves to another server (streams/broker/failover.py).

Times are seconds; sizes bytes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import structlog

from streams.broker.answers import Stored, read_api_answer, settle
from streams.broker.client import NatsClient, Receiver, SubjectSubscription
from streams.broker.failover import Failover, in_turn
from streams.broker.headers import NO_RESPONDERS, header_block, status_of
from streams.errors import (
    NobodyListens,
    NotSent,
    PayloadTooLarge,
    StoreUnknown,
    Unavailable,
)
from streams.settings import StreamSettings

log = structlog.get_logger()

RECONNECT_WAIT = 0.25
CONNECT_TIMEOUT = 2
PING_INTERVAL = 5
PINGS_OUTSTANDING_MAX = 2
WATCHDOG_INTERVAL = 5.0
WATCHDOG_TIMEOUT = 3.0
CLOSE_TIMEOUT = 5.0
STORE_TIMEOUT = 2.0
API_TIMEOUT = 5.0
RECONNECT_GIVEN_UP_AFTER = 4
"""Watchdog rounds without a connection and without an attempt to make one."""

COMPLAINTS_MAX = 100
"""Complaints kept while there is no connection, so that each is logged once; with more all are evicted."""

HEADERS_BYTES_MAX = 4096
"""Room reserved for headers below the server's limit, which counts them with the payload."""


class _InFlight(NamedTuple):
    future: asyncio.Future[Stored]
    timer: asyncio.TimerHandle


class Watch(NamedTuple):
    """Watchdog of a connection: seconds between two requests to itself, and seconds it waits for each."""

    interval: float
    timeout: float


WATCH = Watch(WATCHDOG_INTERVAL, WATCHDOG_TIMEOUT)


class Connection:
    """Connection to NATS. Made by `open`, ended by `close`."""

    def __init__(
        self, settings: StreamSettings, name: str, client: NatsClient | None = None, watch: Watch = WATCH
    ) -> None:
        self.name = name
        self.closed = asyncio.Event()
        """Set when the client library has given the connection up for good; the process should end then."""
        self._back = asyncio.Event()
        self._servers = in_turn(settings.nats_url.split(","), settings.name)
        self._client = client or NatsClient()
        self._watch_bounds = watch
        self._inbox = self._client.new_inbox()
        self._replies: dict[str, Receiver] = {}
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._in_flight: dict[str, _InFlight] = {}
        self._next_token = 0
        self._on_disconnect: list[Callable[[], None]] = []
        self._on_reconnect: list[Callable[[], None]] = []
        self._complaints: set[str] = set()
        self._closing = False
        self._watchdog: asyncio.Task[None] | None = None
        self.failover = Failover(self)
        """Its `stored` is called for each stored beat by the task that beats through this connection."""

    @classmethod
    async def open(
        cls, settings: StreamSettings, name: str, client: NatsClient | None = None, watch: Watch = WATCH
    ) -> Self:
        """Connect, and wait without limit for a server; the wait is logged."""
        connection = cls(settings, name, client, watch)
        client = connection._client
        await client.connect(
            connection._servers,
            name=f"openbell {name}",
            error_cb=connection._complain,
            disconnected_cb=connection._disconnected,
            reconnected_cb=connection._reconnected,
            closed_cb=connection._gone,
            connect_timeout=CONNECT_TIMEOUT,
            reconnect_time_wait=RECONNECT_WAIT,  # type: ignore[arg-type]  # typed int, used as seconds
            max_reconnect_attempts=-1,
            dont_randomize=True,  # servers are tried in turn, so the next is never the one that was left
            ping_interval=PING_INTERVAL,
            max_outstanding_pings=PINGS_OUTSTANDING_MAX,
            pending_size=0,
        )
        connection._complaints.clear()
        connection._back.set()
        await client.listen(f"{connection._inbox}.*", connection._receive_reply)
        connection._watchdog = asyncio.create_task(connection._watch(), name=f"watchdog of {name}")
        return connection

    async def close(self) -> None:
        """Send what is queued, then close. Stores without an acknowledgement fail with StoreUnknown."""
        self._closing = True
        if self._watchdog is not None:
            self._watchdog.cancel()
        try:
            if self.connected:
                await self._client.flush(timeout=CLOSE_TIMEOUT)  # type: ignore[arg-type]
        except Exception as error:
            log.warning("connection.not_flushed", name=self.name, error=str(error))
        self._give_up_in_flight()
        await self._client.close()

    @property
    def connected(self) -> bool:
        """Whether a message sent now would reach a server."""
        return self._client.is_connected

    async def wait_connected(self) -> None:
        """Wait while NATS is away."""
        await self._back.wait()

    def can_move(self) -> bool:
        """Whether there is a connection, and another server for it."""
        return self.connected and self._client.has_other_server()

    async def move(self) -> None:
        """Disconnect from this server and connect to the next."""
        await self._client.force_reconnect()

    @property
    def payload_max(self) -> int:
        """The largest payload that may be sent, in bytes."""
        return self._client.max_payload - HEADERS_BYTES_MAX

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the connection breaks."""
        self._on_disconnect.append(callback)

    def on_reconnect(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each reconnect, once all subscriptions are renewed; returns a call that undoes this."""
        self._on_reconnect.append(callback)
        return lambda: self._on_reconnect.remove(callback)

    def new_inbox(self) -> str:
        """A subject that is used nowhere else."""
        return self._client.new_inbox()

    def publish(self, subject: str, payload: bytes, reply: str = "") -> None:
        """Publish to the present subscribers. While NATS is away the message is dropped."""
        if len(payload) > self.payload_max:
            raise PayloadTooLarge(f"{len(payload)} bytes for {subject}; the server takes {self.payload_max}")
        self._client.send(b"PUB %b %b %d\r\n%b\r\n" % (subject.encode(), reply.encode(), len(payload), payload))

    async def writable(self) -> None:
        """Wait until most of what was published is sent: for publishing in bulk."""
        await self._client.writable()

    async def subscribe(
        self, subject: str, callback: Callable[[str, bytes, str], None], queue: str = ""
    ) -> SubjectSubscription:
        """Call `callback(subject, payload, reply)` for each message from now on."""
        return await self.listen(subject, lambda about, payload, reply, _: callback(about, payload, reply), queue)

    async def listen(self, subject: str, receiver: Receiver, queue: str = "") -> SubjectSubscription:
        """Like `subscribe`, for receivers that need the headers too."""
        return SubjectSubscription(self._client, await self._client.listen(subject, receiver, queue))

    def store(
        self,
        subject: str,
        payload: bytes,
        message_id: str = "",
        expected_last_sequence: int | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = STORE_TIMEOUT,
    ) -> asyncio.Future[Stored]:
        """Send to a stream; the future that is returned settles with the acknowledgement.

        The future fails with NotStored or StoreUnknown. Stores through one connection arrive in the order of the
        calls. `expected_last_sequence`: store only if the stream's last sequence is this one.
        """
        if len(payload) > self.payload_max:
            raise PayloadTooLarge(f"{len(payload)} bytes for {subject}; the server takes {self.payload_max}")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Stored] = loop.create_future()
        if not self.connected:
            future.set_exception(NotSent())
            return future
        lines = dict(headers or {})
        if message_id:
            lines["Nats-Msg-Id"] = message_id
        if expected_last_sequence is not None:
            lines["Nats-Expected-Last-Sequence"] = str(expected_last_sequence)
        head = header_block(lines)
        token = self._token()
        self._in_flight[token] = _InFlight(future, loop.call_later(timeout_seconds, self._store_timed_out, token))
        self._replies[token] = self._receive_acknowledgement
        self._client.send(
            b"HPUB %b %b.%b %d %d\r\n%b%b\r\n"
            % (
                subject.encode(),
                self._inbox.encode(),
                token.encode(),
                len(head),
                len(head) + len(payload),
                head,
                payload,
            )
        )
        return future

    @contextmanager
    def replies(self, receiver: Receiver, answered: asyncio.Future[Any] | None = None) -> Iterator[str]:
        """A new subject whose messages are passed to `receiver` for as long as the block lasts.

        If the connection breaks, no reply can come any more: `answered` fails with Unavailable.
        """
        token = self._token()
        self._replies[token] = receiver
        if answered is not None:
            self._waiting[token] = answered
        try:
            yield f"{self._inbox}.{token}"
        finally:
            del self._replies[token]
            self._waiting.pop(token, None)

    async def request(self, subject: str, payload: bytes, timeout_seconds: float) -> bytes:
        """Send a request, and return the first reply's payload. Raises Unavailable, at once without a responder."""
        if not self.connected:
            raise Unavailable("NATS is away")
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def answer(_: str, reply: bytes, __: str, headers: bytes) -> None:
            if future.done():
                return
            if not reply and status_of(headers) == NO_RESPONDERS:
                future.set_exception(NobodyListens(f"nobody listens to {subject}"))
            else:
                future.set_result(reply)

        with self.replies(answer, future) as inbox:
            self.publish(subject, payload, inbox)
            try:
                async with asyncio.timeout(timeout_seconds):
                    return await future
            except TimeoutError:
                raise Unavailable(f"{subject} did not answer in {timeout_seconds} s") from None

    async def api(self, subject: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a request to the JetStream API; `subject` is without its `$JS.API.`.

        Raises ApiRefused if the answer is an error, Unavailable if the error is temporary (a leader is being elected).
        """
        reply = await self.request(f"$JS.API.{subject}", json.dumps(body).encode() if body else b"", API_TIMEOUT)
        return read_api_answer(subject, json.loads(reply))

    def _token(self) -> str:
        self._next_token += 1
        return str(self._next_token)

    def _receive_reply(self, subject: str, payload: bytes, reply: str, headers: bytes) -> None:
        receiver = self._replies.get(subject[len(self._inbox) + 1 :])
        if receiver is not None:
            receiver(subject, payload, reply, headers)

    def _receive_acknowledgement(self, subject: str, payload: bytes, _: str, headers: bytes) -> None:
        token = subject[len(self._inbox) + 1 :]
        self._replies.pop(token, None)
        in_flight = self._in_flight.pop(token, None)
        if in_flight is None:
            return
        in_flight.timer.cancel()
        if not in_flight.future.done():
            settle(in_flight.future, payload, headers)

    def _store_timed_out(self, token: str) -> None:
        self._replies.pop(token, None)
        future = self._in_flight.pop(token).future
        if not future.done():
            future.set_exception(StoreUnknown("no acknowledgement in time"))

    def _give_up_in_flight(self) -> None:
        for token, in_flight in list(self._in_flight.items()):
            self._replies.pop(token, None)
            in_flight.timer.cancel()
            if not in_flight.future.done():
                in_flight.future.set_exception(StoreUnknown("the connection broke before the acknowledgement"))
        self._in_flight.clear()
        for answered in self._waiting.values():
            if not answered.done():
                answered.set_exception(Unavailable("the connection broke before the answer"))

    async def _complain(self, error: Exception) -> None:
        # An exception raised here would leave nats-py deaf. A complaint that repeats at each attempt to connect, or for
        # each server of a cluster that is away, is logged once.
        text = f"{type(error).__name__}: {error}"
        if text not in self._complaints:
            if len(self._complaints) >= COMPLAINTS_MAX:
                self._complaints.clear()
            self._complaints.add(text)
            log.warning("connection.trouble", name=self.name, error=text)

    async def _disconnected(self) -> None:
        self._back.clear()
        self._client.forget_unsent()
        self._give_up_in_flight()
        if not self._closing:
            log.warning("connection.away", name=self.name)
        _call_all(self._on_disconnect)

    async def _reconnected(self) -> None:
        self._complaints.clear()
        self._back.set()
        log.info("connection.back", name=self.name)
        _call_all(self._on_reconnect)

    async def _gone(self) -> None:
        self.closed.set()

    async def _watch(self) -> None:
        """Watchdog: send requests to ourselves, so that a connection that only looks alive is found and replaced."""
        rounds_given_up = 0
        while not self.closed.is_set():
            await asyncio.sleep(self._watch_bounds.interval)
            rounds_given_up = rounds_given_up + 1 if self._client.is_given_up() else 0
            if rounds_given_up >= RECONNECT_GIVEN_UP_AFTER:
                log.critical("connection.given_up", name=self.name)
                self.closed.set()
            elif self.connected and not await self._hears_itself():
                log.error("connection.deaf", name=self.name)
                await self._client.force_reconnect()

    async def _hears_itself(self) -> bool:
        heard = asyncio.Event()
        with self.replies(lambda *_: heard.set()) as inbox:
            self.publish(inbox, b"")
            try:
                async with asyncio.timeout(self._watch_bounds.timeout):
                    await heard.wait()
            except TimeoutError:
                return not self.connected
        return True


def _call_all(callbacks: list[Callable[[], None]]) -> None:
    for callback in list(callbacks):
        try:
            callback()
        except Exception:
            log.exception("connection.callback_failed")
