"""NATS client: nats-py's parser, reconnecting and login with our own sending and receiving; only this module knows it.

- All messages of one turn of the loop are sent in one write: 0.8 µs a message instead of nats-py's 3.5 µs (uvloop).
- A message is passed to its receiver straight from the socket: 2 µs instead of 4.5 µs, and no pending queue, which
  drops messages silently when it is full. A receiver is a plain function and may not await.
- A receiver that raises is logged; an exception inside nats-py's tasks would leave a deaf connection.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

import structlog
from nats.aio.client import Client, Srv

log = structlog.get_logger()

Receiver = Callable[[str, bytes, str, bytes], None]
"""Called with subject, payload, reply subject and raw headers."""


class NatsClient(Client):
    """nats-py's client, with messages received at once and one write for all messages of one turn of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self._outbox: list[bytes] = []
        self._receivers: dict[int, Receiver] = {}

    def send(self, data: bytes) -> None:
        """Queue one or more whole protocol messages behind those of this turn."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self._write_outbox)
        self._outbox.append(data)

    def _write_outbox(self) -> None:
        data = b"".join(self._outbox)
        self._outbox.clear()
        if not self.is_connected or self._transport is None:
            return
        if self._pending:  # nats-py's own commands, maybe the subscription that a reply needs, go first
            self._pending.append(data)
            self._pending_data_size += len(data)
        else:
            with suppress(RuntimeError):  # closed already, which nats-py will notice next
                self._transport.write(data)

    def forget_unsent(self) -> None:
        """Drop what the broken connection did not send, so that it cannot be sent later."""
        self._outbox.clear()
        self._pending.clear()
        self._pending_data_size = 0

    async def writable(self) -> None:
        """Wait while the socket's buffer is above its high-water mark; not at all once the socket is lost."""
        if self.is_connected and self._transport is not None:
            with suppress(OSError):  # the reading side notices the loss a moment later
                await self._transport.drain()  # type: ignore[no-untyped-call]

    async def listen(self, subject: str, receiver: Receiver, queue: str = "") -> int:
        """Subscribe; the subscription outlives reconnects."""
        subscription = await self.subscribe(subject, queue=queue)
        number: int = subscription._id  # noqa: SLF001  nats-py has no public name for it
        self._receivers[number] = receiver
        return number

    async def stop_listening(self, number: int) -> None:
        """Unsubscribe."""
        self._receivers.pop(number, None)
        subscription = self._subs.get(number)
        if subscription is not None and not self.is_closed:
            await subscription.unsubscribe()

    def is_given_up(self) -> bool:
        """Whether there is no connection and no attempt to make one."""
        return self.is_reconnecting and (self._reconnection_task is None or self._reconnection_task.done())

    def has_other_server(self) -> bool:
        """Whether a reconnect may lead to another server: one that was configured, or that this one has announced."""
        return len(self._server_pool) > 1

    async def _connect_to_server(self, s: Srv) -> None:
        """Connect; TimeoutError or `socket.gaierror` names the host that was not resolved.

        The host is resolved here first, because a timeout while uvloop resolves it leaves an exception unretrieved.
        """
        host, seconds = s.uri.hostname, self.options["connect_timeout"]
        try:
            async with asyncio.timeout(seconds):
                await asyncio.get_running_loop().getaddrinfo(host, s.uri.port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise TimeoutError(f"the name {host} was not resolved within {seconds} s") from None
        except socket.gaierror as error:
            raise socket.gaierror(error.errno, f"{error.strerror}: {host}") from None
        try:
            await super()._connect_to_server(s)
        except TimeoutError:
            raise TimeoutError(f"{s.uri.hostname}:{s.uri.port} did not answer within {seconds} s") from None

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        receiver = self._receivers.get(sid)
        if receiver is None:
            return
        try:
            receiver(subject.decode(), data, reply.decode(), headers or b"")
        except Exception:
            log.exception("connection.receiver_failed", subject=subject.decode())


class SubjectSubscription:
    """Subscription to a subject, until closed."""

    def __init__(self, client: NatsClient, number: int) -> None:
        self._client = client
        self._number = number

    async def close(self) -> None:
        """Unsubscribe; nothing is received any more once this is called."""
        await self._client.stop_listening(self._number)
