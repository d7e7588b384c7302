"""Checkpoints of one partition in their stream: each is numbered chunks, and a manifest that lists them.

- A chunk has parts of the state (`state`), about CHUNK_BYTES of them, so that neither end ever waits long for one.
- The manifest comes last, when every chunk is stored and has been read back. A checkpoint without one does not exist.
- A checkpoint is whole if every chunk is there and all of them together have the manifest's digest. Before its use its
  chain is compared with EVENTS as well, which proves that it was made of this history.
- CHECKPOINTS_KEPT are kept, so a damaged checkpoint costs a longer replay and nothing else.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal

import msgspec
import structlog
from msgspec import Meta, Raw, Struct

from streams import subjects
from streams.broker.connection import Connection
from streams.broker.reader import NO_SUCH_MESSAGE, Asks, read_message, state_of
from streams.errors import ApiRefused, CheckpointDamaged, CheckpointUnusable
from streams.journal.capacity import enlarge, measure
from streams.partition.state import FORM, FORMS_READ, Part
from streams.wire import codec
from streams.wire.wide import number_of

log = structlog.get_logger()

CHECKPOINTS_KEPT: Final = 3
CHUNK_BYTES: Final = 256 * 1024
DIGEST_BYTES: Final = 16
STORE_TIMEOUT: Final = 10.0
"""Seconds; generous, because no task waits for a checkpoint."""

MANIFEST_VERSION: Final = 1

READS_AT_ONCE: Final = 4
"""Chunks read concurrently."""


class Manifest(Struct, array_like=True, forbid_unknown_fields=True, frozen=True):
    """Manifest of a checkpoint: its form, its moment, and its chunks by their sequence in the stream."""

    version: Literal[1]
    form: int
    sequence: int
    at: int
    commands: int
    chain: Annotated[bytes, Meta(min_length=16, max_length=16)]
    digest: bytes
    chunks: list[int]


decoder: Final = msgspec.msgpack.Decoder(Manifest)
chunk_decoder: Final = msgspec.msgpack.Decoder(list[tuple[str, list[Any]]], ext_hook=number_of)


def chunks_of(parts: Iterable[Part], chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """A state's parts in as few chunks as possible."""
    together: list[Raw] = []
    room = chunk_bytes
    for part in parts:
        encoded = codec.encode(part)
        if together and len(encoded) > room:
            yield codec.encode(together)
            together, room = [], chunk_bytes
        together.append(Raw(encoded))
        room -= len(encoded)
    yield codec.encode(together)


def parts_in(chunk: bytes) -> list[Part]:
    """The parts in a chunk."""
    return chunk_decoder.decode(chunk)


def new_digest() -> blake2b:
    """A new digest, to be updated by all chunks in order; the manifest has the result."""
    return blake2b(digest_size=DIGEST_BYTES)


class Checkpoints:
    """Checkpoints of one partition. `asks`: through what they are read, by default the connection."""

    def __init__(self, connection: Connection, number: int, asks: Asks | None = None) -> None:
        self._connection = connection
        self._asks = asks or connection
        self._stream = subjects.checkpoints_stream(number)
        self._chunks = subjects.checkpoint_chunks(number)
        self._manifests = subjects.checkpoint_manifests(number)
        self._room = 0  # bytes, as last seen

    async def make_room(self, size: int) -> None:
        """Ensure that a checkpoint of `size` bytes fits beside those that are kept. Raises Unavailable, ApiRefused.

        New chunks evict old ones, so without room no checkpoint would ever be whole, and no journal be trimmed.
        """
        needed = size * (CHECKPOINTS_KEPT + 1)
        if needed > self._room:
            self._room = (await measure(self._connection, self._stream)).size_max
        if needed > self._room:
            log.warning("checkpoint.room_enlarged", stream=self._stream, bytes_before=self._room, bytes_now=2 * needed)
            await enlarge(self._connection, self._stream, 2 * needed)

    async def store_chunk(self, chunk: bytes) -> int:
        """Store one chunk; returns its sequence in the stream."""
        return (await self._connection.store(self._chunks, chunk, timeout_seconds=STORE_TIMEOUT)).sequence

    async def store_manifest(self, manifest: Manifest) -> None:
        """Store the manifest of a verified checkpoint."""
        await self._connection.store(self._manifests, codec.encode(manifest), timeout_seconds=STORE_TIMEOUT)

    async def all(self) -> list[Manifest]:
        """All readable manifests, newest first."""
        found: list[Manifest] = []
        position = 0
        while (message := await self._next_manifest(position + 1)) is not None:
            position = message["seq"]
            data = base64.b64decode(message.get("data", ""))
            try:
                found.append(decoder.decode(data))
            except msgspec.MsgspecError as error:
                if other := _other_version(data):
                    why = f"another version made it: its manifest is of version {other}"
                    log.warning("checkpoint.not_used", stream=self._stream, position=position, error=why)
                else:
                    log.warning("checkpoint.manifest_damaged", stream=self._stream, position=position, error=str(error))
        return found[::-1]

    async def read(self, manifest: Manifest) -> list[bytes]:
        """A checkpoint's chunks. CheckpointDamaged if they have changed, CheckpointUnusable if of another version."""
        if manifest.form not in FORMS_READ:
            raise CheckpointUnusable(f"another version made it: its form is {manifest.form}, this is {FORM}")
        chunks: list[bytes] = []
        digest = new_digest()
        for start in range(0, len(manifest.chunks), READS_AT_ONCE):
            some = manifest.chunks[start : start + READS_AT_ONCE]
            for chunk in await asyncio.gather(*[read_message(self._asks, self._stream, at) for at in some]):
                if chunk is None:
                    raise await self._gone(manifest, len(chunks))
                chunks.append(chunk)
                digest.update(chunk)
        if digest.digest() != manifest.digest:
            raise CheckpointDamaged("its chunks have another digest than its manifest says")
        return chunks

    async def _gone(self, manifest: Manifest, place: int) -> CheckpointUnusable:
        """The error for a missing chunk: damaged, or pruned."""
        if manifest.chunks[place] < (await state_of(self._asks, self._stream)).first:
            return CheckpointUnusable("it has been pruned: there are newer ones")
        return CheckpointDamaged(f"chunk {place + 1} of {len(manifest.chunks)} is gone")

    async def begins(self, manifest: Manifest) -> bool:
        """Whether a checkpoint's first chunk still exists: the stream evicts its oldest messages first."""
        return await read_message(self._connection, self._stream, min(manifest.chunks)) is not None

    async def prune(self) -> None:
        """Drop all checkpoints but the CHECKPOINTS_KEPT newest."""
        kept = (await self.all())[:CHECKPOINTS_KEPT]
        if len(kept) == CHECKPOINTS_KEPT:
            oldest = min(min(manifest.chunks) for manifest in kept)
            await self._connection.api(f"STREAM.PURGE.{self._stream}", {"seq": oldest})

    async def _next_manifest(self, start: int) -> dict[str, Any] | None:
        request = {"seq": start, "next_by_subj": self._manifests}
        try:
            answer = await self._asks.api(f"STREAM.MSG.GET.{self._stream}", request)
        except ApiRefused as error:
            if error.code == NO_SUCH_MESSAGE:
                return None
            raise
        message: dict[str, Any] = answer["message"]
        return message


def _other_version(data: bytes) -> int:
    """The version of a manifest of another version; 0 if it is none, or of ours and damaged."""
    try:
        found = msgspec.msgpack.decode(data)
    except msgspec.MsgspecError:
        return 0
    version = found[0] if isinstance(found, list) and found else 0
    return version if isinstance(version, int) and version != MANIFEST_VERSION else 0
