"""A trading floor for worked cases: named orders of named accounts on one fresh instrument, over the public API alone.

    floor = await exchange.floor()
    await floor.sell("s1", 5, 101); await floor.sell("s2", 7, 101); await floor.sell("s3", 4, 100)
    await floor.buy("b1", 10, 101)
    assert await floor.tape() == ["4@100 b1 s3", "5@101 b1 s1", "1@101 b1 s2"]

An order belongs to an account of its own name unless `account` says otherwise. Orders and commands go over WebSocket,
an operator's over HTTP; what is read is the public tape, book and status and the accounts' own reports. Numbers are
whole or text; they are read back as text without trailing zeros.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.rulebook.line import PATIENCE_SECONDS, POLL_SECONDS, Json, Line, Number, Refusal, plain, repeated


@dataclass
class Doors:
    """How to reach an exchange: where it is, and who signs its tokens."""

    url: str
    token: Any
    http: aiohttp.ClientSession
    lines: dict[str, Line] = field(default_factory=dict)
    symbols: Any = field(default_factory=lambda: itertools.count(1))

    async def line(self, account: str) -> Line:
        """The account's connection, opened and logged in when first needed."""
        if account not in self.lines:
            line = Line(await self.http.ws_connect(self.url.replace("http", "ws", 1) + "/v1/ws", max_msg_size=0))
            await line.ask("login", token=self.token(account, "read trade"))
            await line.ask("subscribe", channel="orders")
            self.lines[account] = line
        return self.lines[account]

    async def call(
        self, method: str, path: str, body: Json | None = None, account: str = "watcher", scope: str = "read"
    ) -> Any:
        """One HTTP request; Refusal if it is refused."""
        headers = {"Authorization": f"Bearer {self.token(account, scope)}"}

        async def once() -> Any:
            async with self.http.request(method, self.url + path, json=body, headers=headers) as answer:
                parsed = await answer.json(content_type=None)
            if answer.status >= 400:
                raise Refusal(parsed)
            return parsed

        return await repeated(once)

    async def operate(self, method: str, path: str, body: Json | None = None) -> Any:
        """An operator's request."""
        return await self.call(method, path, body, "ops", "admin")

    async def floor(self, run: str, **listing: Any) -> Floor:
        """List an instrument of the case's own: tick 1, lot 1 unless said otherwise."""
        symbol = f"{run}-{next(self.symbols)}"
        terms = {"tick_size": "1", "lot_size": "1", **listing}
        if "ticks" in terms:
            del terms["tick_size"]
        await self.operate("PUT", f"/v1/admin/instruments/{symbol}", terms)
        return Floor(self, symbol, run)

    async def close(self) -> None:
        """Hang up everywhere."""
        for line in self.lines.values():
            await line.close()


class Floor:
    """One instrument and whoever trades it."""

    def __init__(self, doors: Doors, symbol: str, run: str) -> None:
        self.doors = doors
        self.symbol = symbol
        self.run = run
        self.names: dict[str, str] = {}  # order_id to name
        self.ids: dict[str, str] = {}
        self.accounts: dict[str, str] = {}
        self._numbers = itertools.count(1)

    def account(self, name: str) -> str:
        """The account's real name: cases share an exchange, not their accounts."""
        return name if name == "fees" else f"{self.symbol}_{name}"

    async def place(self, name: str, side: str, quantity: Number, price: Number | None = None, **terms: Any) -> Json:
        """Enter an order called `name`; its answer."""
        owner = terms.pop("account", name)
        line = await self.doors.line(self.account(owner))
        params = {"symbol": self.symbol, "side": side, "type": terms.pop("type", "limit"), "quantity": str(quantity)}
        if price is not None:
            params["price"] = str(price)
        terms.setdefault("client_order_id", f"{name}.{next(self._numbers)}")
        self.accounts[name] = owner
        for term in ("stop_price", "display_quantity"):
            if term in terms:
                terms[term] = str(terms[term])
        if "tif" in terms:
            terms["time_in_force"] = terms.pop("tif")
        order: Json = await line.ask("order.place", **params, **terms)
        self.names[order["order_id"]] = name
        self.ids[name] = order["order_id"]
        return order

    async def buy(self, name: str, quantity: Number, price: Number | None = None, **terms: Any) -> Json:
        """Enter a bid."""
        return await self.place(name, "buy", quantity, price, **terms)

    async def sell(self, name: str, quantity: Number, price: Number | None = None, **terms: Any) -> Json:
        """Enter an ask."""
        return await self.place(name, "sell", quantity, price, **terms)

    async def refused(self, name: str, side: str, quantity: Number, price: Number | None = None, **terms: Any) -> str:
        """The code with which an order is refused."""
        try:
            await self.place(name, side, quantity, price, **terms)
        except Refusal as refusal:
            return refusal.code
        return "accepted"

    async def amend(self, name: str, **changes: Any) -> Json:
        """Change an order."""
        line = await self.doors.line(self.account(self.accounts[name]))
        told: Json = await line.ask(
            "order.amend", order_id=self.ids[name], **{key: str(value) for key, value in changes.items()}
        )
        return told

    async def amend_refused(self, name: str, **changes: Any) -> str:
        """The code with which a change is refused."""
        try:
            await self.amend(name, **changes)
        except Refusal as refusal:
            return refusal.code
        return "accepted"

    async def cancel(self, name: str) -> Json:
        """Cancel an order."""
        line = await self.doors.line(self.account(self.accounts[name]))
        told: Json = await line.ask("order.cancel", order_id=self.ids[name])
        return told

    async def cancel_refused(self, name: str) -> str:
        """The code with which a cancel is refused."""
        try:
            await self.cancel(name)
        except Refusal as refusal:
            return refusal.code
        return "canceled"

    async def order(self, name: str) -> Json:
        """An order as it is."""
        line = await self.doors.line(self.account(self.accounts[name]))
        told: Json = await line.ask("order.get", order_id=self.ids[name])
        return told

    async def state(self, name: str) -> str:
        """An order's status, and its reason if it has one: "expired no_liquidity"."""
        order = await self.order(name)
        return f"{order['status']} {order['reason']}" if order["reason"] else order["status"]

    async def states(self, *names: str) -> list[str]:
        """Several orders' states."""
        return [await self.state(name) for name in names]

    async def open(self, name: str) -> str:
        """What is open of an order."""
        return plain((await self.order(name))["open_quantity"])

    async def phase(self, phase: str, **members: Any) -> Json:
        """An operator brings the instrument into a phase."""
        told: Json = await self.doors.operate(
            "POST", f"/v1/admin/instruments/{self.symbol}/phase", {"phase": phase, **members}
        )
        return told

    async def phase_refused(self, phase: str, **members: Any) -> str:
        """The code with which that is refused."""
        try:
            await self.phase(phase, **members)
        except Refusal as refusal:
            return refusal.code
        return "accepted"

    async def relist(self, **listing: Any) -> Json:
        """Change the listing."""
        terms = {"tick_size": "1", "lot_size": "1", **listing}
        told: Json = await self.doors.operate("PUT", f"/v1/admin/instruments/{self.symbol}", terms)
        return told

    async def limit(self, account: str, *, everywhere: bool = False, **limits: Any) -> Json:
        """Set an account's limits, here or everywhere."""
        body = dict(limits) if everywhere else {"symbol": self.symbol, **limits}
        told: Json = await self.doors.operate("PUT", f"/v1/admin/accounts/{self.account(account)}/limits", body)
        return told

    async def kill(self, *, account: str = "", whole: bool = False, active: bool = True, **members: Any) -> Json:
        """The kill switch of an account, of the whole exchange, or of this instrument."""
        which = {"account": self.account(account)} if account else {} if whole else {"symbol": self.symbol}
        told: Json = await self.doors.operate("POST", "/v1/admin/kill-switch", {**which, "active": active, **members})
        return told

    async def bust(self, trade_id: int) -> str:
        """Undo a trade; "" or the code with which that is refused."""
        try:
            await self.doors.operate("POST", f"/v1/admin/trades/{self.symbol}/{trade_id}/bust", {})
        except Refusal as refusal:
            return refusal.code
        return ""

    async def status(self) -> Json:
        """Phase, call, bands."""
        told: Json = await self.doors.call("GET", f"/v1/instruments/{self.symbol}/status")
        return told

    async def until_phase(self, phase: str) -> Json:
        """Wait until a phase is reached."""
        return await self.until(lambda status: status["phase"] == phase)

    async def until(self, condition: Any) -> Json:
        """Wait until the status is as wanted."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not condition(status := await self.status()):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
        return status

    async def indication(self) -> str:
        """The call as published: "501@101 surplus 3 buy"."""
        status = await self.status()
        text = f"{plain(status['paired_quantity'])}@{plain(status['indicative_price'])}"
        side = status["imbalance_side"]
        return f"{text} surplus {plain(status['imbalance'])} {side}" if side else text

    async def bands(self) -> str:
        """The outermost prices that may trade."""
        status = await self.status()
        return f"{plain(status['band_low'])}-{plain(status['band_high'])}"

    async def book(self) -> Json:
        """Bids and asks, best first: "6@101"."""
        book = await self.doors.call("GET", f"/v1/instruments/{self.symbol}/book?depth=0")
        return {
            side: [f"{plain(quantity)}@{plain(price)}" for price, quantity in book[side]] for side in ("bids", "asks")
        }

    async def trades(self) -> list[Json]:
        """The public tape, oldest first."""
        tape = await self.doors.call("GET", f"/v1/instruments/{self.symbol}/trades?limit=1000")
        trades: list[Json] = tape["trades"]
        return trades

    async def tape(self) -> list[str]:
        """Each trade as quantity@price, the buy order and the sell order, from the tape and both sides' reports."""
        trades = await self.trades()
        lines = []
        for trade in trades:
            sides = await self._sides(trade["trade_id"])
            lines.append(f"{plain(trade['quantity'])}@{plain(trade['price'])} {sides['buy']} {sides['sell']}")
        return lines

    async def reports(self, name: str) -> list[str]:
        """What an order's owner was told of it, in order: "accepted", "trade 5@100 maker", "canceled requested"."""
        account = self.account(self.accounts[name])
        order_id = self.ids[name]
        line = await self.doors.line(account)
        told = [report for report in line.reports if report["order"]["order_id"] == order_id]
        return [_told(report) for report in told]

    async def raw_reports(self, name: str) -> list[Json]:
        """The same as they came."""
        line = await self.doors.line(self.account(self.accounts[name]))
        return [report for report in line.reports if report["order"]["order_id"] == self.ids[name]]

    async def until_reported(self, name: str, execution: str) -> list[str]:
        """Wait until an order's owner was told this."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(report["exec"] == execution for report in await self.raw_reports(name)):  # noqa: ASYNC110
                await asyncio.sleep(POLL_SECONDS)
        return await self.reports(name)

    async def holding(self, account: str) -> str:
        """An account's position here: "10 avg 100.5 realised 3 fees 0.1", "flat" if there is none."""
        rows = (await self.positions(account))["positions"]
        for row in rows:
            if row["symbol"] == self.symbol:
                figures = (row["quantity"], row["average_price"], row["realised"], row["fees"])
                return "{} avg {} realised {} fees {}".format(*map(plain, figures))
        return "flat"

    async def positions(self, account: str) -> Json:
        """GET /positions."""
        told: Json = await self.doors.call("GET", "/v1/positions", account=self.account(account), scope="read")
        return told

    async def funds(self, account: str) -> Json:
        """GET /account."""
        told: Json = await self.doors.call("GET", "/v1/account", account=self.account(account), scope="read")
        return told

    async def cash(self, account: str) -> str:
        """An account's cash."""
        return plain((await self.funds(account))["cash"])

    async def _sides(self, trade_id: int) -> dict[str, str]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                sides = self._told_of(trade_id)
                if len(sides) == 2:
                    return sides
                await asyncio.sleep(POLL_SECONDS)

    def _told_of(self, trade_id: int) -> dict[str, str]:
        sides: dict[str, str] = defaultdict(str)
        for line in self.doors.lines.values():
            for report in line.reports:
                order = report["order"]
                if report["exec"] == "trade" and report["trade_id"] == trade_id and order["symbol"] == self.symbol:
                    sides[order["side"]] = self.names.get(order["order_id"], order["order_id"])
        return sides


def _told(report: Json) -> str:
    execution = report["exec"]
    if execution == "trade":
        return f"trade {plain(report['last_quantity'])}@{plain(report['last_price'])} {report['liquidity']}"
    reason = report["order"]["reason"] or report.get("reason") or ""
    return f"{execution} {reason}".strip()


MakeFloor = Callable[..., Awaitable[Floor]]
"""A function that lists an instrument by its terms and gives its floor."""
