"""Store: a connection to an exchange's streams, on its own nats-server or on one of ours that serves a copy.

A nats-server that starts on a damaged file cuts off what it cannot read. So the store of a stopped exchange is never
served in place: the store is copied, and the copy is removed afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from openbell.errors import FAILED, WRONG_USE, Fault
from openbell.local.data_dir import Lock
from streams.broker.connection import Connection
from streams.broker.embedded import EmbeddedServer
from streams.errors import ServerFailed
from streams.settings import StreamSettings, without_password

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from openbell.local.data_dir import DataDir

CONNECT_SECONDS: Final = 10.0
COPY_PREFIX: Final = "audit-"


@contextlib.asynccontextmanager
async def opened(data_dir: DataDir, nats_url: str) -> AsyncIterator[Connection]:
    """A connection to the server that has the streams, for the length of a block."""
    url = nats_url or _running_url(data_dir)
    if url:
        async with _connected(url) as connection:
            yield connection
    else:
        with _copied(data_dir) as copy:
            server = await _served(copy)
            try:
                async with _connected(server.url) as connection:
                    yield connection
            finally:
                await server.stop()


def _running_url(data_dir: DataDir) -> str:
    """The NATS server of the exchange that runs on a data directory, "" if none does."""
    running = data_dir.running()
    if running is None:
        return ""
    if "nats_url" not in running:
        raise Fault(f"the exchange on {data_dir.path} is just starting", "Wait until it is open.")
    return str(running["nats_url"])


@contextlib.contextmanager
def _copied(data_dir: DataDir) -> Iterator[Path]:
    """A copy of a stopped exchange's store, beside it; the lock keeps the exchange from starting meanwhile.

    A store that cannot be written to is copied to the temporary files, and no exchange can start on it anyway.
    """
    if not (data_dir.nats / "jetstream").is_dir():
        raise Fault(
            f"there are no journals in {data_dir.path}",
            "Name an exchange's --data-dir, or its server with --nats-url.",
            code=WRONG_USE,
        )
    writable = os.access(data_dir.path, os.W_OK)
    place = data_dir.path if writable else Path(tempfile.gettempdir())
    with contextlib.ExitStack() as stack:
        try:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix=COPY_PREFIX, dir=place))
            with contextlib.closing(Lock(data_dir)) if writable else contextlib.nullcontext():
                copy = Path(shutil.copytree(data_dir.nats, Path(scratch) / "nats"))
        except (OSError, shutil.Error) as error:
            raise Fault(
                f"the journals cannot be copied: {error}",
                f"It takes as much free space on {place} as they have (TMPDIR names another for a read-only disk).",
                code=WRONG_USE,
            ) from error
        yield copy


async def _served(copy: Path) -> EmbeddedServer:
    try:
        return await EmbeddedServer.start(copy, log_file=copy.with_name("nats-server.log"))
    except ServerFailed as error:
        raise Fault(f"nats-server cannot read a copy of the journals: {error}", code=FAILED) from error


@contextlib.asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    try:
        connection = await asyncio.wait_for(Connection.open(StreamSettings(nats_url=url), "audit"), CONNECT_SECONDS)
    except (TimeoutError, OSError) as error:
        raise Fault(
            f"no NATS server answers at {without_password(url)}", "Is --nats-url right?", code=WRONG_USE
        ) from error
    try:
        yield connection
    finally:
        await connection.close()
