"""A market that fills journals: two accounts trade in batches, and a third places one order a round and cancels it."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

from streams import subjects
from streams.connection import Connection
from streams.room import Fill, measure
from streams.settings import StreamSettings
from tests.support.local_exchange import LocalExchange, wait_for

BATCH = 50
LIMIT = {"symbol": "ACME", "type": "limit", "quantity": "1"}
LISTING = {"tick_size": "0.01", "lot_size": "1"}
ANSWER_SECONDS = 20
ROOM_SECONDS = 60


class Filling:
    """The market of one running exchange. `busy` counts placements that were refused so, `refused` the cancels."""

    def __init__(self, exchange: LocalExchange) -> None:
        self.busy = 0
        self.traded = 0
        self.refused: list[Any] = []
        self._exchange = exchange
        self._open = ExitStack()
        self._asked = 0

    def __enter__(self) -> Self:
        self._exchange.call("PUT", "/v1/admin/instruments/ACME", "operator", LISTING, "admin")
        self._seller, self._buyer, self._canceler = map(self._connected, ("anna", "boris", "carla"))
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def round(self) -> bool:
        """A batch each way, and a cancel; whether placements were taken."""
        sides = ((self._seller, "sell"), (self._buyer, "buy"))
        for socket, side in sides:
            item = {"method": "order.place", "params": LIMIT | {"side": side, "price": "100", "time_in_force": "ioc"}}
            first = item | {"params": item["params"] | {"time_in_force": "gtc"}}
            self._send(socket, "order.batch", requests=[first if side == "sell" else item] * BATCH)
        rows = [row for socket, _ in sides for row in self._receive(socket)["result"]]
        codes = [row["error"]["code"] for row in rows if "error" in row]
        assert set(codes) <= {"busy"}, codes
        self.busy += len(codes)
        self.traded += sum(len(row["result"]["fills"]) for row in rows if "result" in row)
        self.cancel()
        return not codes

    def cancel(self) -> None:
        """Cancel everything of an account, which may have nothing: the journal has to take that as well."""
        self._send(self._canceler, "order.place", side="buy", price="1", **LIMIT)
        placed = self._receive(self._canceler)
        if "result" in placed:
            self._send(self._canceler, "order.cancel", order_id=placed["result"]["order_id"])
        else:
            assert placed["error"]["code"] == "busy", placed
            self._send(self._canceler, "order.cancel_all")
        answer = self._receive(self._canceler)
        if "error" in answer:
            self.refused.append(answer["error"])

    def written(self) -> float:
        """How many bytes the journal has been given so far, by the size of the messages that it still holds."""
        journal = asyncio.run(self._measure())
        assert journal.size <= journal.size_max
        return journal.last * journal.size / journal.messages

    def wait_for_room(self) -> None:
        """Cancel now and then until placements are taken again, as a client would that was told to wait."""
        wait_for(self._has_room, ROOM_SECONDS)

    def room(self) -> dict[str, Any]:
        """What operators see of partition 0's room."""
        (partition,) = self._exchange.call("GET", "/v1/admin/partitions", "operator", scope="admin")["partitions"]
        room: dict[str, Any] = partition["room"]
        return room

    def _has_room(self) -> bool:
        self.cancel()
        return bool(self.room()["takes"] == "everything")

    async def _measure(self) -> Fill:
        connection = await Connection.open(StreamSettings(nats_url=self._exchange.facts["nats_url"]), "filling")
        try:
            return await measure(connection, subjects.journal_stream(0))
        finally:
            await connection.close()

    def _connected(self, account: str) -> ClientConnection:
        url = self._exchange.facts["url"].replace("http", "ws", 1) + "/v1/ws"
        socket = self._open.enter_context(connect(url))
        self._send(socket, "login", token=self._exchange.token(account))
        assert "result" in self._receive(socket)
        return socket

    def _send(self, socket: ClientConnection, method: str, **params: Any) -> None:
        self._asked += 1
        socket.send(json.dumps({"id": self._asked, "method": method, "params": params}))

    def _receive(self, socket: ClientConnection) -> Any:
        return json.loads(socket.recv(ANSWER_SECONDS))
