"""A market that fills journals: two accounts amend and trade in batches, a third places an order and cancels it."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

from websockets.sync.client import ClientConnection, connect

from streams import subjects
from streams.broker.connection import Connection
from streams.journal.capacity import StreamFill, measure
from streams.settings import StreamSettings
from tests.support.local_exchange import LocalExchange, wait_for

AMENDS = 40
TRADES = 10
LIMIT = {"symbol": "ACME", "type": "limit", "quantity": "1"}
FAR = {"sell": ("1000", "1001"), "buy": ("1", "2")}
LISTING = {"tick_size": "0.01", "lot_size": "1"}
ANSWER_SECONDS = 20
ROOM_SECONDS = 60


class Trader(NamedTuple):
    """One of the two: which side it takes, and its order that rests."""

    socket: ClientConnection
    side: str
    resting: str


class Filling:
    """The market of one running exchange. `traded` counts fills, `refused` are the answers to cancels that failed."""

    def __init__(self, exchange: LocalExchange) -> None:
        self.traded = 0
        self.refused: list[Any] = []
        self._exchange = exchange
        self._open = ExitStack()
        self._asked = 0

    def __enter__(self) -> Self:
        self._exchange.call("PUT", "/v1/admin/instruments/ACME", "operator", LISTING, "admin")
        self._traders = [self._trader("anna", "sell", "999"), self._trader("boris", "buy", "3")]
        self._canceler = self._connected("carla")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def round(self) -> bool:
        """A batch of each trader, and a cancel; whether all of it was taken.

        A trader moves an order that rests far from the market to and fro, and trades a few others: so the journal grows
        and what has to be remembered does not grow with it.
        """
        for trader in self._traders:
            moves = [{"order_id": trader.resting, "price": price} for price in FAR[trader.side]] * (AMENDS // 2)
            placements = [LIMIT | {"side": trader.side, "price": "100"}] * TRADES
            requests = [{"method": "order.amend", "params": params} for params in moves]
            requests += [{"method": "order.place", "params": params} for params in placements]
            self._send(trader.socket, "order.batch", requests=requests)
        rows = [row for trader in self._traders for row in self._receive(trader.socket)["result"]]
        codes = {row["error"]["code"] for row in rows if "error" in row}
        assert codes <= {"busy", "no_change", "outcome_unknown"}, codes
        self.traded += sum(len(row["result"]["fills"]) for row in rows if "fills" in row.get("result", ()))
        self.cancel()
        return "busy" not in codes

    def cancel(self) -> None:
        """Cancel everything of an account, which may have nothing: the journal has to take that as well."""
        self._send(self._canceler, "order.place", side="buy", price="1", **LIMIT)
        placed = self._receive(self._canceler)
        if "result" in placed:
            self._send(self._canceler, "order.cancel", order_id=placed["result"]["order_id"])
        else:
            assert placed["error"]["code"] in {"busy", "outcome_unknown"}, placed
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

    async def _measure(self) -> StreamFill:
        connection = await Connection.open(StreamSettings(nats_url=self._exchange.facts["nats_url"]), "filling")
        try:
            return await measure(connection, subjects.journal_stream(0))
        finally:
            await connection.close()

    def _trader(self, account: str, side: str, price: str) -> Trader:
        socket = self._connected(account)
        self._send(socket, "order.place", side=side, price=price, **LIMIT)
        return Trader(socket, side, self._receive(socket)["result"]["order_id"])

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
