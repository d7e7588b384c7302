"""A client of the broker with the face of `streams.broker.client.NatsClient`; it reads the same protocol messages.

It belongs to the loop on which it connected: whatever arrives is handed over there, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from tests.support.broker.server import MAX_PAYLOAD, SERVERS

if TYPE_CHECKING:
    from streams.broker.client import Receiver
    from tests.support.broker.server import Broker

log = structlog.get_logger()


class MemoryClient:
    """See the module. `generation` counts its connections: what was sent on an earlier one arrives late or never."""

    made = 0

    def __init__(self, broker: Broker) -> None:
        MemoryClient.made += 1
        self.is_connected = False
        self.is_closed = False
        self.max_payload = MAX_PAYLOAD
        self.generation = 0
        self.server = MemoryClient.made % len(SERVERS)
        """Which server of the cluster it is on. The broker is one, but one of its servers may be cut off."""
        self.broker = broker
        self._number = MemoryClient.made
        self._inboxes = 0
        self.subscriptions: dict[int, tuple[str, str, Receiver]] = {}
        self._next_subscription = 1
        self._reconnecting: asyncio.Task[None] | None = None

    async def connect(
        self,
        _servers: list[str],
        *,
        disconnected_cb: Callable[[], Awaitable[None]],
        reconnected_cb: Callable[[], Awaitable[None]],
        closed_cb: Callable[[], Awaitable[None]],
        reconnect_time_wait: float,
        **_options: Any,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._disconnected, self._reconnected, self._gone = disconnected_cb, reconnected_cb, closed_cb
        self._pause = reconnect_time_wait
        await self._attach()

    async def close(self) -> None:
        self.is_closed = True
        was_connected, self.is_connected = self.is_connected, False
        if self._reconnecting is not None:
            self._reconnecting.cancel()
        if was_connected:
            self._up(lambda: self.broker.detach(self))
            await self._disconnected()
        await self._gone()

    def new_inbox(self) -> str:
        self._inboxes += 1
        return f"_INBOX.{self._number}x{self._inboxes}"

    def send(self, data: bytes) -> None:
        """Take whole protocol messages."""
        if not self.is_connected:
            return
        while data:
            line, _, rest = data.partition(b"\r\n")
            verb, subject, reply, *sizes = line.decode().split(" ")
            size = int(sizes[-1])
            headers = _headers(rest[: int(sizes[0])]) if verb == "HPUB" else {}
            payload = rest[int(sizes[0]) : size] if verb == "HPUB" else rest[:size]
            data = rest[size + 2 :]
            self._up(partial(self.broker.publish, self, subject, payload, reply, headers))

    def forget_unsent(self) -> None:
        """Nothing ever waits here."""

    async def writable(self) -> None:
        """Always."""

    async def listen(self, subject: str, receiver: Receiver, queue: str = "") -> int:
        number = self._next_subscription
        self._next_subscription += 1
        self.subscriptions[number] = (subject, queue, receiver)
        if self.is_connected:
            self._ask_for(number, subject, queue)
        return number

    async def stop_listening(self, number: int) -> None:
        self.subscriptions.pop(number, None)
        if self.is_connected:
            self._up(lambda: self.broker.unsubscribe(self, number))

    async def flush(self, timeout: float) -> None:  # noqa: ASYNC109 - nats-py's own name
        ponged: asyncio.Future[None] = self.loop.create_future()

        def pong() -> None:
            if not ponged.done():
                ponged.set_result(None)

        self._up(lambda: self.broker.network.to_client(self, pong))
        await asyncio.wait_for(ponged, timeout)

    def is_given_up(self) -> bool:
        """It never is."""
        return False

    def has_other_server(self) -> bool:
        return self.broker.clustered

    async def force_reconnect(self) -> None:
        if self.broker.clustered:
            self.server = (self.server + 1) % len(SERVERS)
        self._lose()

    # What the broker's side calls

    def cut(self) -> None:
        """The connection is broken from the other end, or on the way; the client hears of it in its own time."""
        generation = self.generation
        self.broker.network.to_client(self, lambda: self._lose() if generation == self.generation else None)

    def send_down(
        self, number: int, subject: str, payload: bytes, reply: str, headers: bytes, copies: tuple[float, ...]
    ) -> None:
        """Carry a message to one subscription, as many times and as late as the network has it."""
        generation = self.generation

        def arrive() -> None:
            if generation == self.generation and self.is_connected:
                self._receive(number, subject, payload, reply, headers)

        for delay in copies:
            if delay:
                self.broker.network.later(delay, lambda: self.broker.network.to_client(self, arrive))
            else:
                self.broker.network.to_client(self, arrive)

    def _receive(self, number: int, subject: str, payload: bytes, reply: str, headers: bytes) -> None:
        subscription = self.subscriptions.get(number)
        if subscription is None:
            return
        try:
            subscription[2](subject, payload, reply, headers)
        except Exception:
            log.exception("connection.receiver_failed", subject=subject)

    def _up(self, action: Callable[[], None]) -> None:
        self.broker.network.to_server(self, action)

    def _lose(self) -> None:
        if self.is_closed or not self.is_connected:
            return
        self.is_connected = False
        self.generation += 1
        self.broker.detach(self)
        self._reconnecting = self.loop.create_task(self._reconnect())

    async def _reconnect(self) -> None:
        await self._disconnected()
        await self._attach()
        await self._reconnected()

    async def _attach(self) -> None:
        while not self.broker.attach(self):  # noqa: ASYNC110 - whatever keeps it away, nobody signals its end
            await asyncio.sleep(self._pause)
        self.generation += 1
        self.is_connected = True
        for number, (subject, queue, _) in self.subscriptions.items():
            self._ask_for(number, subject, queue)

    def _ask_for(self, number: int, subject: str, queue: str) -> None:
        generation = self.generation

        def subscribe() -> None:
            if generation == self.generation:
                self.broker.subscribe(self, subject, number, queue)

        self._up(subscribe)


def _headers(block: bytes) -> dict[str, str]:
    lines = block.decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines if line)
