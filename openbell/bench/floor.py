"""Floor of `openbell bench path`: the chain of processes that an order passes, without an exchange in it.

aiohttp WebSocket → one JetStream publish for all that arrived meanwhile → a consumer that answers at once → core
NATS → WebSocket. It uses the same connection, reader and stream settings as the exchange, and the same group commit
(one batch in flight); it checks nothing, decodes nothing, matches nothing and stores nothing a second time. The
answer to a request is the request. Run as a module this file is one of two processes, `gateway PORT` or `consumer`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Final

import uvloop
from aiohttp import WSMsgType, web

from openbell.local import lifeline
from streams.broker.answers import Stored
from streams.broker.connection import Connection
from streams.broker.reader import StreamReader
from streams.errors import ApiRefused
from streams.settings import StreamSettings
from streams.topology import DUPLICATE_WINDOW
from streams.wire.codec import BATCH_BYTES_MAX, COMMANDS_MAX

STREAM: Final = "FLOOR"
ORDERS: Final = "floor.orders"
ANSWERS: Final = "floor.answers"
SEPARATOR: Final = b"\n"
"""The separator of requests in a batch: the client's JSON has no line end."""


class Floor:
    """The gateway's half of the floor."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sockets: list[web.WebSocketResponse] = []
        self._waiting: list[bytes] = []
        self._in_flight = False
        self._number = 0

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Queue one client's requests for the next batch."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        prefix = b"%d " % len(self._sockets)
        self._sockets.append(socket)
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self._append(prefix + message.data.encode())
        return socket

    async def answer(self) -> None:
        """Send answers to their clients, until canceled."""
        arrived: asyncio.Queue[bytes] = asyncio.Queue()
        await self._connection.subscribe(ANSWERS, lambda _, payload, __: arrived.put_nowait(payload))
        while True:
            for line in (await arrived.get()).split(SEPARATOR):
                index, _, answer = line.partition(b" ")
                socket = self._sockets[int(index)]
                if not socket.closed:
                    await socket.send_str(answer.decode())

    def _append(self, line: bytes) -> None:
        self._waiting.append(line)
        if not self._in_flight:
            self._in_flight = True
            asyncio.get_running_loop().call_soon(self._leave)

    def _leave(self) -> None:
        batch, room = 0, BATCH_BYTES_MAX
        while batch < min(len(self._waiting), COMMANDS_MAX) and room > 0:
            room -= len(self._waiting[batch])
            batch += 1
        payload = SEPARATOR.join(self._waiting[:batch])
        del self._waiting[:batch]
        self._number += 1
        self._connection.store(ORDERS, payload, f"floor-{self._number}").add_done_callback(self._stored)

    def _stored(self, stored: asyncio.Future[Stored]) -> None:
        stored.result()
        self._in_flight = bool(self._waiting)
        if self._waiting:
            self._leave()


async def run_gateway(port: int) -> None:
    """Listen until killed."""
    connection = await Connection.open(StreamSettings.from_environment(os.environ), "floor gateway")
    floor = Floor(connection)
    app = web.Application()
    app.router.add_get("/v1/ws", floor.serve)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await floor.answer()


async def run_consumer() -> None:
    """Answer each message at once, until killed."""
    connection = await Connection.open(StreamSettings.from_environment(os.environ), "floor consumer")
    await _make_stream(connection)
    async with StreamReader(connection, STREAM, start=1) as reader:
        async for message in reader:
            connection.publish(ANSWERS, message.payload)


async def _make_stream(connection: Connection) -> None:
    """The same kind of stream as a journal (streams/topology.py)."""
    config = {
        "name": STREAM,
        "subjects": [ORDERS],
        "storage": "file",
        "num_replicas": 1,
        "discard": "new",
        "deny_delete": True,
        "deny_purge": True,
        "duplicate_window": int(DUPLICATE_WINDOW * 1_000_000_000),
        "max_bytes": StreamSettings().journal_max_bytes,
    }
    try:
        await connection.api(f"STREAM.CREATE.{STREAM}", config)
    except ApiRefused as refused:
        sys.exit(f"the floor's stream could not be made: {refused}")


if __name__ == "__main__":
    lifeline.end_with_parent(os.environ)
    uvloop.run(run_gateway(int(sys.argv[2])) if sys.argv[1] == "gateway" else run_consumer())
