"""A pull consumer of the broker, without acknowledgements: gives a stream's messages to whoever asks for more."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from tests.support.broker.network import Network
from tests.support.broker.stored import SECOND, Message, StoredStream

Deliver = Callable[[str, str, bytes, str, dict[str, str]], bool]
"""Given inbox, subject, payload, reply subject and headers; False if nobody listens to the inbox."""

Status = Callable[[str, str, dict[str, str]], bool]
"""Given inbox, status line and headers; likewise."""


class Pull:
    """One request for messages."""

    def __init__(self, inbox: str, request: dict[str, Any]) -> None:
        self.inbox = inbox
        self.left = int(request.get("batch", 1))
        self.expires = request.get("expires", 30 * SECOND) / SECOND
        self.heartbeat = request.get("idle_heartbeat", 0) / SECOND
        self.waits = not request.get("no_wait", False)
        self.quiet = 0.0
        self.timer: Any = None


class Consumer:
    """See the module."""

    def __init__(
        self, name: str, stream: StoredStream, config: dict[str, Any], network: Network, deliver: Deliver, tell: Status
    ) -> None:
        self.name = name
        self._stream = stream
        self._network = network
        self._deliver = deliver
        self._tell = tell
        self._next = _start(stream, config)
        self._delivered = 0
        self._pulls: deque[Pull] = deque()
        self._ended = False
        stream.listeners.append(self._stored)

    def pull(self, inbox: str, request: dict[str, Any]) -> None:
        """Somebody wants messages."""
        pull = Pull(inbox, request)
        self._pulls.append(pull)
        self._give()
        if pull not in self._pulls:
            return  # it has all it wanted, or nobody hears what it is given
        if pull.waits:
            self._wait(pull)
        else:
            self._end(pull, "404 No Messages")

    def end(self) -> None:
        """The consumer is deleted."""
        for pull in list(self._pulls):
            self._end(pull, "409 Consumer Deleted")
        self.forget()

    def forget(self) -> None:
        """The consumer is gone without a word."""
        self._ended = True
        for pull in list(self._pulls):
            self._drop(pull)
        if self._stored in self._stream.listeners:
            self._stream.listeners.remove(self._stored)

    def _stored(self, _: Message) -> None:
        self._give()

    def _give(self) -> None:
        while self._pulls:
            message = self._stream.following(self._next)
            if message is None:
                return
            pull = self._pulls[0]
            if not self._deliver(pull.inbox, message.subject, message.payload, self._reply(message), message.headers):
                self._drop(pull)
                continue
            self._next = message.sequence + 1
            self._delivered += 1
            pull.left -= 1
            pull.quiet = 0.0
            if not pull.left:
                self._drop(pull)

    def _reply(self, message: Message) -> str:
        behind = self._stream.count_from(message.sequence + 1)
        stream, at, number = self._stream.config["name"], message.stored_at, self._delivered + 1
        return f"$JS.ACK.{stream}.{self.name}.1.{message.sequence}.{number}.{at}.{behind}"

    def _wait(self, pull: Pull) -> None:
        step = min(pull.heartbeat or pull.expires, pull.expires)

        def passed() -> None:
            pull.expires -= step
            pull.quiet += step
            if pull.expires <= 0:
                self._end(pull, "408 Request Timeout")
                return
            if pull.heartbeat and pull.quiet >= pull.heartbeat and not self._beat(pull):
                self._drop(pull)
                return
            self._wait(pull)

        pull.timer = self._network.later(step, passed)

    def _beat(self, pull: Pull) -> bool:
        sent = {"Nats-Last-Consumer": str(self._delivered), "Nats-Last-Stream": str(self._next - 1)}
        return self._tell(pull.inbox, "100 Idle Heartbeat", sent)

    def _end(self, pull: Pull, status: str) -> None:
        self._drop(pull)
        self._tell(pull.inbox, status, {"Nats-Pending-Messages": str(pull.left), "Nats-Pending-Bytes": "0"})

    def _drop(self, pull: Pull) -> None:
        self._pulls.remove(pull)
        if pull.timer is not None:
            pull.timer.cancel()


def _start(stream: StoredStream, config: dict[str, Any]) -> int:
    match config.get("deliver_policy", "all"):
        case "by_start_sequence":
            return int(config["opt_start_seq"])
        case "new":
            return stream.last + 1
        case "last":
            return max(1, stream.last)
        case _:
            return 1
