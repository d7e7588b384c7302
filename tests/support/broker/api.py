"""The JetStream API of the broker: the requests that this project makes, and no others."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.support.broker.consumers import Consumer
from tests.support.broker.routes import matches
from tests.support.broker.stored import SECOND, Message, Refused, StoredStream

if TYPE_CHECKING:
    from tests.support.broker.server import Broker, Deposed

Body = dict[str, Any]

DEFAULTS: Body = {
    "storage": "file",
    "num_replicas": 1,
    "discard": "old",
    "max_age": 0,
    "max_bytes": -1,
    "max_msgs": -1,
    "max_msgs_per_subject": -1,
    "duplicate_window": 120 * SECOND,
    "deny_delete": False,
    "deny_purge": False,
    "allow_rollup_hdrs": False,
    "allow_direct": False,
    "allow_msg_ttl": False,
}
"""What a stream's configuration says where its maker says nothing."""


OF_LEADERS = ("STREAM.INFO", "STREAM.MSG.GET")
"""What a stream's leader answers from what it has, and whoever takes itself for one."""


class Api:
    """Takes requests without their `$JS.API.`."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._deposed: Deposed | None = None
        """Who answers just now; None for the true leader."""
        self._placed = 0
        """Consumers so far, each of which is on one server."""
        self._methods: dict[str, Callable[[list[str], Body], Body]] = {
            "INFO": self._info,
            "STREAM.NAMES": self._stream_names,
            "STREAM.CREATE": self._create_stream,
            "STREAM.UPDATE": self._update_stream,
            "STREAM.DELETE": self._delete_stream,
            "STREAM.INFO": self._stream_info,
            "STREAM.PURGE": self._purge,
            "STREAM.MSG.GET": self._message,
            "STREAM.MSG.DELETE": self._delete_message,
            "CONSUMER.CREATE": self._create_consumer,
            "CONSUMER.DELETE": self._delete_consumer,
            "CONSUMER.NAMES": self._consumer_names,
        }

    def take(self, subject: str, payload: bytes, reply: str) -> None:
        """Carry a request out and answer it; nobody answers what does not exist."""
        from tests.support.broker.server import error_of

        request: Body = json.loads(payload) if payload else {}
        if subject.startswith("CONSUMER.MSG.NEXT."):
            consumer = self._broker.consumers.get((subject.split(".")[3], subject.split(".")[4]))
            if consumer is None:
                self._broker.tell(reply, "503", {})
            else:
                consumer.pull(reply, request)
            return
        if subject.startswith("DIRECT.GET."):
            self.read_direct(self._broker.streams.get(subject.split(".")[2]), payload, reply)
            return
        name = max((name for name in self._methods if f"{subject}.".startswith(f"{name}.")), key=len)
        names = subject.removeprefix(name).lstrip(".").split(".")
        for who in self._broker.answering(names[0]) if name in OF_LEADERS else (None,):
            self._deposed = who
            try:
                body = self._methods[name](names, request)
            except Refused as refused:
                body = {"error": error_of(refused)}
            self._broker.answer(reply, body)

    def _stream(self, name: str) -> StoredStream:
        stream = self._broker.streams.get(name)
        if stream is None:
            raise Refused(404, 10059, "stream not found")
        return stream

    def _info(self, _: list[str], __: Body) -> Body:
        return {"streams": len(self._broker.streams)}

    def _stream_names(self, _: list[str], __: Body) -> Body:
        return {"streams": list(self._broker.streams) or None}

    def _create_stream(self, names: list[str], config: Body) -> Body:
        present = self._broker.streams.get(names[0])
        if present is None:
            self._broker.streams[names[0]] = StoredStream(
                DEFAULTS | config, self._broker.network.clock, clustered=self._broker.clustered
            )
        elif present.config != DEFAULTS | config:
            raise Refused(400, 10058, "stream name already in use with a different configuration")
        return self._stream_info(names, {})

    def _update_stream(self, names: list[str], config: Body) -> Body:
        self._stream(names[0]).config = DEFAULTS | config
        return self._stream_info(names, {})

    def _delete_stream(self, names: list[str], _: Body) -> Body:
        self._stream(names[0])
        del self._broker.streams[names[0]]
        for key in [key for key in self._broker.consumers if key[0] == names[0]]:
            self._broker.consumers.pop(key).end()
        return {"success": True}

    def _stream_info(self, names: list[str], request: Body) -> Body:
        stream, deposed = self._stream(names[0]), self._deposed
        state = stream.described(
            details=request.get("deleted_details", False), through=deposed.last if deposed else None
        )
        state["first_ts"] = timestamp(state["first_ts"])
        body = {"config": stream.config, "state": state, "ts": timestamp(self._broker.network.clock())}
        return body | ({"cluster": self._broker.cluster(deposed)} if self._broker.clustered else {})

    def _purge(self, names: list[str], request: Body) -> Body:
        stream = self._stream(names[0])
        purged = stream.purge(request.get("seq"), request.get("filter"), request.get("keep", 0))
        return {"success": True, "purged": purged}

    def _message(self, names: list[str], request: Body) -> Body:
        message, deposed = _wanted(self._stream(names[0]), request), self._deposed
        if message is None or (deposed is not None and message.sequence > deposed.last):
            raise Refused(404, 10037, "no message found")
        data = base64.b64encode(message.payload).decode()
        described = {"subject": message.subject, "seq": message.sequence, "time": timestamp(message.stored_at)}
        return {"message": described | ({"data": data} if data else {})}

    def _delete_message(self, names: list[str], request: Body) -> Body:
        self._stream(names[0]).delete(request["seq"])
        return {"success": True}

    def _create_consumer(self, names: list[str], request: Body) -> Body:
        stream, name = self._stream(names[0]), names[1]
        self._broker.consumers[names[0], name] = Consumer(
            name, stream, request["config"], self._broker.network, self._broker.deliver, self._broker.tell
        )
        body = {"stream_name": names[0], "name": name, "config": request["config"]}
        if self._broker.clustered:
            self._placed += 1
            body["cluster"] = {"name": "openbell", "leader": self._broker.servers[self._placed % 3]}
        return body

    def _delete_consumer(self, names: list[str], _: Body) -> Body:
        consumer = self._broker.consumers.pop((names[0], names[1]), None)
        if consumer is None:
            raise Refused(404, 10014, "consumer not found")
        consumer.end()
        return {"success": True}

    def _consumer_names(self, names: list[str], _: Body) -> Body:
        return {"consumers": [name for stream, name in self._broker.consumers if stream == names[0]]}

    def read_direct(self, stream: StoredStream | None, payload: bytes, reply: str, server: int | None = None) -> None:
        """Read a copy of a stream; that of the server that is cut off, if it is named."""
        request: Body = json.loads(payload)
        if stream is None or not stream.config.get("allow_direct"):
            self._broker.tell(reply, "503", {}, server)
            return
        patterns = request.get("multi_last")
        if patterns is None and "batch" in request:
            found = stream.all_of(request["next_by_subj"], request["seq"])[: request["batch"]]
        elif patterns is None:
            found = [message for message in [_wanted(stream, request)] if message]
        else:
            subjects = [each for each in stream.subjects() if any(matches(pattern, each) for pattern in patterns)]
            found = sorted(message for message in map(stream.last_of, subjects) if message)
        for message in found:
            headers = {
                "Nats-Stream": stream.config["name"],
                "Nats-Subject": message.subject,
                "Nats-Sequence": str(message.sequence),
                "Nats-Time-Stamp": timestamp(message.stored_at),
            }
            self._broker.send(reply, message.payload, "", message.headers | headers, server=server)
        if not found:
            self._broker.tell(reply, "404 No Results", {}, server)
        elif patterns is not None or "batch" in request:
            self._broker.tell(reply, "204 EOB", {}, server)


def _wanted(stream: StoredStream, request: Body) -> Message | None:
    if "last_by_subj" in request:
        return stream.last_of(request["last_by_subj"])
    if "next_by_subj" in request:
        return stream.next_of(request["next_by_subj"], request.get("seq", 1))
    return stream.message(request["seq"])


def timestamp(at: int) -> str:
    """A time as the server prints it, to the nanosecond."""
    seconds, rest = divmod(at, SECOND)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
