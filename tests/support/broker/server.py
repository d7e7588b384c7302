"""The broker: routes messages, stores what streams take, and answers the JetStream API.

A stored message is an ordinary message too: subscribers get it even if the stream refuses it. An acknowledgement is a
message to the publisher's reply subject, and may be lost like any other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.broker.headers import header_block
from tests.support.broker.api import Api
from tests.support.broker.consumers import Consumer
from tests.support.broker.network import Network
from tests.support.broker.routes import Interest, Routes, matches
from tests.support.broker.stored import SECOND, Refused, StoredStream

if TYPE_CHECKING:
    from tests.support.broker.client import MemoryClient

MAX_PAYLOAD = 8 * 1024 * 1024
API_PREFIX = "$JS.API."
DIRECT_PREFIX = "$JS.API.DIRECT.GET."


SERVERS = ("nats-1", "nats-2", "nats-3")
"""The names of a cluster's servers; the first leads all streams, the second is the one that may be deposed."""

CONTACT_SECONDS = 0.5
"""How long ago a leader has last heard from the others."""


class Deposed(NamedTuple):
    """A stream's former leader that does not know it: what it has ends at `last`, its contacts at `since`, seconds."""

    last: int
    since: float


class Broker:
    """One server. `clustered`: it checks in the order of a stream with replicas."""

    def __init__(self, network: Network | None = None, *, clustered: bool = False) -> None:
        self.network = network or Network()
        self.clustered = clustered
        self.servers = SERVERS
        self.up = True
        self.watch: Callable[[StoredStream, int], None] = lambda _stream, _sequence: None
        """Told of each message that was stored."""
        self.streams: dict[str, StoredStream] = {}
        self.deposed: dict[str, Deposed] = {}
        """By stream, as long as there is one: it answers what the network lets it answer."""
        self.consumers: dict[tuple[str, str], Consumer] = {}
        self.cut_off: int | None = None
        """The server that is cut off from the others, and has no majority."""
        self._lagging: dict[str, StoredStream] = {}
        self.clients: list[MemoryClient] = []
        self._routes = Routes()
        self._api = Api(self)

    # Connections

    def attach(self, client: MemoryClient) -> bool:
        """A client connects; whether it got through."""
        if not self.up or not self.network.reachable(client):
            return False
        self.clients.append(client)
        return True

    def detach(self, client: MemoryClient) -> None:
        """A client's connection has ended, whoever ended it."""
        if client in self.clients:
            self.clients.remove(client)
            self._routes.remove(client)

    def subscribe(self, client: MemoryClient, subject: str, number: int, queue: str) -> None:
        """SUB."""
        if client in self.clients:
            self._routes.add(subject, Interest(client, number, queue))

    def unsubscribe(self, client: MemoryClient, number: int) -> None:
        """UNSUB."""
        self._routes.remove(client, number)

    def stop(self) -> None:
        """End as if killed: what was stored in memory and every consumer is gone, files stay."""
        self.up = False
        for consumer in self.consumers.values():
            consumer.forget()
        self.consumers.clear()
        self._routes.clear()
        for client in list(self.clients):
            self.clients.remove(client)
            client.cut()
        self.streams = {name: stream for name, stream in self.streams.items() if _on_disk(stream)}
        self.deposed.clear()

    def start(self, *, revived: bool = False) -> None:
        """Run again, with room on the disk: one that filled up meanwhile has been seen to.

        revived: with keys that had been removed, as nats-server 2.15.1 after an unclean stop.
        """
        for stream in self.streams.values():
            stream.restarted(revived=revived)
        self.up = True

    def depose(self, name: str) -> None:
        """Cut a stream's leader off: another one leads, and this one goes on answering from what it has now."""
        self.deposed[name] = Deposed(self.streams[name].last, self.network.monotonic())

    def answering(self, name: str) -> tuple[Deposed | None, ...]:
        """Who answers a request about a stream, in order: a deposed leader if there is one, and, None, the true one."""
        deposed = self.deposed.get(name)
        return (None,) if deposed is None else self.network.who_answers(deposed)

    def cluster(self, deposed: Deposed | None) -> dict[str, Any]:
        """What STREAM.INFO says of the servers that hold a stream, by whoever answers."""
        leader = SERVERS[1] if deposed else SERVERS[0]
        silent = self.network.monotonic() - deposed.since if deposed else CONTACT_SECONDS
        others = [name for name in SERVERS if name != leader]
        replicas = [{"name": name, "current": not deposed, "active": int(silent * SECOND)} for name in others]
        return {"name": "openbell", "leader": leader, "replicas": replicas}

    def cut(self, server: int) -> None:
        """Cut a server off from the others: it keeps its clients, and its copies of the streams as they are now."""
        self.cut_off = server
        self._lagging = {name: stream.copied() for name, stream in self.streams.items()}

    def heal(self) -> None:
        """One cluster again."""
        self.cut_off = None

    # Messages

    def publish(self, client: MemoryClient, subject: str, payload: bytes, reply: str, headers: dict[str, str]) -> None:
        """PUB or HPUB."""
        if not self.up:
            return
        if client.server == self.cut_off:
            self._publish_cut_off(subject, payload, reply, headers)
            return
        if subject.startswith(API_PREFIX):
            self._api.take(subject.removeprefix(API_PREFIX), payload, reply)
            return
        heard = self.send(subject, payload, reply, headers)
        stream = self._stream_of(subject)
        if stream is not None:
            self._store(stream, subject, payload, reply, headers)
        elif reply and not heard:
            self.tell(reply, "503", {})

    def _publish_cut_off(self, subject: str, payload: bytes, reply: str, headers: dict[str, str]) -> None:
        """Who is on the same server hears it, copies are read as they were, and nothing else is answered by anybody."""
        if subject.startswith(DIRECT_PREFIX):
            self._api.read_direct(self._lagging.get(subject.removeprefix(DIRECT_PREFIX)), payload, reply, self.cut_off)
        elif not self.send(subject, payload, reply, headers, server=self.cut_off) and reply:
            self.tell(reply, "503", {}, self.cut_off)

    def send(
        self,
        subject: str,
        payload: bytes,
        reply: str,
        headers: dict[str, str],
        kind: str = "message",
        shown: str = "",
        status: str = "",
        server: int | None = None,
    ) -> bool:
        """Give a message to all who have subscribed to `subject`; `shown` is the subject they see. If any has.

        server: the one that is cut off, if the message comes from there.
        """
        interests = self._routes.of(subject)
        if self.cut_off is not None:
            alone = server is not None
            interests = [each for each in interests if (each.client.server == self.cut_off) == alone]
        block = b""
        if status:
            block = f"NATS/1.0 {status}\r\n".encode() + header_block(headers).partition(b"\r\n")[2]
        elif headers:
            block = header_block(headers)
        for client, number, _ in interests:
            client.send_down(number, shown or subject, payload, reply, block, self.network.copies(kind))
        return bool(interests)

    def tell(self, inbox: str, status: str, headers: dict[str, str], server: int | None = None) -> bool:
        """Send a status in place of a message."""
        return self.send(inbox, b"", "", headers, "status", status=status, server=server)

    def deliver(self, inbox: str, subject: str, payload: bytes, reply: str, headers: dict[str, str]) -> bool:
        """Give a consumer's message to whoever asked for it."""
        return self.send(inbox, payload, reply, headers, "delivery", shown=subject)

    def answer(self, reply: str, body: dict[str, Any], kind: str = "answer") -> None:
        """Answer a request to JetStream."""
        if reply:
            self.send(reply, json.dumps(body).encode(), "", {}, kind)

    def _stream_of(self, subject: str) -> StoredStream | None:
        for stream in self.streams.values():
            if any(matches(pattern, subject) for pattern in stream.config["subjects"]):
                return stream
        return None

    def _store(self, stream: StoredStream, subject: str, payload: bytes, reply: str, headers: dict[str, str]) -> None:
        if stream.full_disk:
            return
        body: dict[str, Any] = {"stream": stream.config["name"]}
        try:
            sequence, duplicate = stream.store(subject, headers, payload)
        except Refused as refused:
            body |= {"seq": 0, "error": error_of(refused)}
        else:
            body |= {"seq": sequence} | ({"duplicate": True} if duplicate else {})
            if not duplicate:
                self.watch(stream, sequence)
        self.answer(reply, body, "acknowledgement")


def error_of(refused: Refused) -> dict[str, Any]:
    """A refusal as JetStream writes it."""
    return {"code": refused.code, "err_code": refused.err_code, "description": str(refused)}


def _on_disk(stream: StoredStream) -> bool:
    return bool(stream.config.get("storage", "file") == "file")
