"""Key-value bucket: the last message of each subject of a stream, written by compare-and-set.

A key that was written with a time to live expires by itself; each write states the time anew, because a write without
one would make the key eternal.

A removed key may come back: after an unclean end of nats-server, a key whose last value was removed, by a time to live,
a purge or a deletion, may have the value before it, unless that value had a time to live as well and it has passed. So
nothing dangerous may follow from the presence of a key. The newest value of a key that is only written over stays.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec

from streams import subjects
from streams.broker.answers import Stored
from streams.broker.connection import Connection
from streams.broker.headers import END_OF_ANSWER, NO_MESSAGES, header_value, status_of
from streams.broker.reader import NO_SUCH_MESSAGE
from streams.errors import ApiRefused, Unavailable

READ_TIMEOUT = 2.0


class BucketEntry(NamedTuple):
    """Entry of a bucket: a key's value, and the revision that a compare-and-set has to name."""

    value: str
    revision: int


ABSENT = BucketEntry("", 0)
"""Stands for an entry that does not exist; a compare-and-set with its revision creates the key."""


Value = TypeVar("Value")


def decoded(decoder: msgspec.json.Decoder[Value], key: str, entry: BucketEntry) -> Value:
    """A key's value, decoded from JSON. Unavailable if it is unreadable: damaged, or of another version."""
    try:
        return decoder.decode(entry.value)
    except msgspec.MsgspecError as error:
        raise Unavailable(f"what {key} holds cannot be read: {error}") from error


def stream_config(bucket: str, storage: str, replicas: int, bytes_max: int) -> dict[str, Any]:
    """Configuration of the stream behind a bucket; `bytes_max` bounds its size."""
    return {
        "name": subjects.bucket_stream(bucket),
        "subjects": [subjects.bucket_key(bucket, ">")],
        "storage": storage,
        "num_replicas": replicas,
        "max_bytes": bytes_max,
        "max_msgs_per_subject": 1,
        "discard": "new",
        "deny_delete": True,
        "allow_rollup_hdrs": True,
        "allow_direct": True,
        "allow_msg_ttl": True,
    }


class Bucket:
    """Key-value bucket, through one connection."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    async def get(self, key: str) -> BucketEntry:
        """A key's entry from the stream's leader, or ABSENT."""
        stream = subjects.bucket_stream(self._name)
        try:
            answer = await self._connection.api(
                f"STREAM.MSG.GET.{stream}", {"last_by_subj": subjects.bucket_key(self._name, key)}
            )
        except ApiRefused as error:
            if error.code == NO_SUCH_MESSAGE:
                return ABSENT
            raise
        message = answer["message"]
        return BucketEntry(_text(message.get("data", "")), message["seq"])

    async def get_present(self, key: str) -> BucketEntry:
        """The entry of a key that is known to exist: Unavailable if the copy that answers does not have it yet."""
        entry = await self.get(key)
        if entry == ABSENT:
            raise Unavailable(f"the copy of {self._name} that answered has not heard of {key}")
        return entry

    async def read_all(self, *keys: str) -> dict[str, BucketEntry]:
        """The entries by key, of all keys or of those that match patterns; at most 1,024 of them.

        The entries are those of one copy of the stream at one moment, and that copy may lag behind the others.
        """
        patterns = [subjects.bucket_key(self._name, key) for key in keys or (">",)]
        return await self._read({"multi_last": patterns})

    async def read_on(self, keys: str, revision: int, count: int) -> dict[str, BucketEntry]:
        """At most `count` entries by key, of the keys that match a pattern, from a revision on in order of revision."""
        pattern = subjects.bucket_key(self._name, keys)
        return await self._read({"next_by_subj": pattern, "seq": revision, "batch": count})

    async def _read(self, request: Mapping[str, Any]) -> dict[str, BucketEntry]:
        entries: dict[str, BucketEntry] = {}
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        prefix = subjects.bucket_key(self._name, "")

        def receive(_: str, payload: bytes, __: str, headers: bytes) -> None:
            status = status_of(headers)
            if not status:
                key = header_value(headers, "Nats-Subject").removeprefix(prefix)
                entries[key] = BucketEntry(payload.decode(), int(header_value(headers, "Nats-Sequence")))
            elif not done.done():
                if status in {END_OF_ANSWER, NO_MESSAGES}:
                    done.set_result(None)
                else:
                    done.set_exception(Unavailable(f"bucket {self._name} answered {status}"))

        body = json.dumps(request).encode()
        with self._connection.replies(receive, done) as inbox:
            self._connection.publish(f"$JS.API.DIRECT.GET.{subjects.bucket_stream(self._name)}", body, inbox)
            try:
                async with asyncio.timeout(READ_TIMEOUT):
                    await done
            except TimeoutError:
                raise Unavailable(f"bucket {self._name} did not answer in {READ_TIMEOUT} s") from None
        return entries

    def put(
        self, key: str, value: str, revision: int | None = None, ttl_seconds: float | None = None
    ) -> asyncio.Future[Stored]:
        """Write if the key is still at `revision` (0: does not exist; None: whatever it is).

        The future fails like those of `Connection.store`; WrongSequence means that another write came first.
        """
        headers: dict[str, str] = {}
        if revision is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(revision)
        if ttl_seconds is not None:
            headers["Nats-TTL"] = f"{ttl_seconds:.0f}s"
        return self._connection.store(subjects.bucket_key(self._name, key), value.encode(), headers=headers)


def _text(data: str) -> str:
    return base64.b64decode(data).decode()
