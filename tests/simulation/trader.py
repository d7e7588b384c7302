"""A trader: a client with an account that places, amends, cancels and asks at random, and keeps its own ledger.

What it was told is held against the history at once. What it could not learn (`outcome_unknown`, a lost connection)
it repeats with the same client order id until it knows.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.conversation import Conversation, Gone
from tests.simulation.sockets import Frame

if TYPE_CHECKING:
    from tests.simulation.checks import Checks
    from tests.simulation.exchange import SimulatedExchange
    from tests.simulation.world import World

AT_ONCE_MAX = 4
MIDDLE_CENTS = 10_000
KNOWN_ORDERS_MAX = 40
PAUSE_SECONDS = 0.15
CONVERSATION_SECONDS = 12.0
RETRY_SECONDS = 0.5
RECONNECT_SECONDS = (0.1, 0.6)
UNKNOWN = ("outcome_unknown",)
PROMISES = ("", "connection", "account")


class Trader:
    """See the module. `done` ends the random part; then `settle` brings everything to an end that is known."""

    def __init__(self, world: World, exchange: SimulatedExchange, checks: Checks, account: str, token: str) -> None:
        self.account = account
        self.partitions = exchange.settings.partitions
        self.done = False
        self.rests = False
        self.through: dict[int, int] = {}
        """For each partition the number up to which every report was seen."""

        self.promised: dict[str, Any] = {}
        """Sessions that were to cancel on disconnect, and the gateway of each."""

        self.placed: dict[str, Frame] = {}
        self.unknown: dict[str, Frame] = {}
        self.talk: Conversation | None = None
        self._world = world
        self._exchange = exchange
        self._checks = checks
        self._token = token
        self._random = Random(world.random.random())  # noqa: S311
        self._made = 0
        self._sent: Counter[str] = Counter()
        self._orders: list[str] = []
        self._ahead: dict[int, set[int]] = {}
        self.process = world.process(account)
        self.process.start(self._run())

    # What a conversation tells

    def snapshot(self, frame: Frame) -> None:
        """The reports of a partition begin behind this one; what came before is to be had by `resume`."""
        partition, seq = frame["partition"], frame["seq"]
        if partition not in self.through:
            self.through[partition] = seq

    def report(self, frame: Frame) -> None:
        """A report, of this connection or by `resume`."""
        self._checks.reported(self.account, frame)
        partition = frame["partition"]
        ahead = self._ahead.setdefault(partition, set())
        ahead.add(frame["seq"])
        while self.through.get(partition, -1) + 1 in ahead:
            self.through[partition] += 1
            ahead.remove(self.through[partition])

    # Its life

    async def _run(self) -> None:
        while not self.rests:
            gateway = self._random.choice(self._exchange.gateways).process
            self.talk = Conversation(self._world, self.process, gateway, self._checks, self)
            with suppress(Gone):
                await self._converse(self.talk)
            self.talk.drop()
            await asyncio.sleep(self._random.uniform(*RECONNECT_SECONDS))

    async def _converse(self, talk: Conversation) -> None:
        promise = "" if self.done else self._random.choice(PROMISES)
        more = {"cancel_on_disconnect": promise} if promise else {}
        if "error" in await talk.ask("login", token=self._token, **more):
            return
        if promise == "connection":
            self.promised[talk.session] = talk.gateway
        await talk.ask("subscribe", channel="orders")
        symbol = self._random.choice(list(self._exchange.symbols))
        await talk.ask("subscribe", channel="book", symbols=[symbol], depth=0, interval_ms=0)
        await self._catch_up(talk)
        if self.done:
            await self._settle(talk)
        else:
            await self._trade(talk)

    async def _catch_up(self, talk: Conversation) -> None:
        """Have what was missed since the last connection."""
        while not talk.welcomed.is_set():
            await asyncio.wait(
                [asyncio.ensure_future(event.wait()) for event in (talk.welcomed, talk.over)],
                return_when=asyncio.FIRST_COMPLETED,
            )
            if talk.ended:
                raise Gone
        for partition in list(self.through):
            await self._resume(talk, partition)

    async def _resume(self, talk: Conversation, partition: int) -> None:
        seq = self.through[partition]
        while "result" not in (answer := await talk.ask("resume", channel="orders", cursor=f"{partition}-{seq}")):
            if answer["error"]["code"] == "snapshot_required":
                self._checks.problem(f"{self.account}: reports of so short a time are gone")
                return
            await asyncio.sleep(RETRY_SECONDS)
        for place, frame in enumerate(answer["result"]["reports"]):
            if frame["seq"] != seq + 1 + place:
                self._checks.problem(f"{self.account}: resume from {partition}-{seq} has a hole")
            self.report(frame)

    async def _trade(self, talk: Conversation) -> None:
        tasks: set[asyncio.Task[None]] = set()
        until = self._world.now + self._random.expovariate(1 / CONVERSATION_SECONDS)
        while not (talk.ended or self.done) and self._world.now < until:
            if len(tasks) < AT_ONCE_MAX:
                tasks.add(asyncio.ensure_future(self._act(talk)))
            await asyncio.sleep(self._random.expovariate(1 / PAUSE_SECONDS))
            tasks = {task for task in tasks if not task.done()}
        if not talk.ended and self._random.random() < 0.5:
            talk.drop()
        if tasks:
            await asyncio.wait(tasks)

    async def _act(self, talk: Conversation) -> None:
        with suppress(Gone):
            await self._random.choices(
                (self._place, self._place_again, self._cancel, self._amend, self._cancel_all, self._ask),
                (12, 2, 4, 3, 0.5, 2),
            )[0](talk)

    async def _place(self, talk: Conversation) -> None:
        self._made += 1
        params = {
            "symbol": self._random.choice(list(self._exchange.symbols)),
            "side": self._random.choice(("buy", "sell")),
            "type": "limit",
            "quantity": str(self._random.randint(1, 30)),
            "price": f"{(MIDDLE_CENTS + self._random.randint(-6, 6)) / 100:.2f}",
            "time_in_force": self._random.choices(("gtc", "ioc", "fok"), (8, 1, 1))[0],
            "client_order_id": f"{self.account}-{self._made}",
        }
        await self._send(talk, params)

    async def _place_again(self, talk: Conversation) -> None:
        known = self.unknown or self.placed
        if known:
            await self._send(talk, known[self._random.choice(list(known))])

    async def _send(self, talk: Conversation, params: Frame) -> None:
        name = params["client_order_id"]
        self._sent[name] += 1
        if name not in self.placed:
            self.unknown[name] = params
        try:
            frame = await talk.ask("order.place", **params)
        except Gone:
            return
        if "journal" in frame:
            self._checks.answered(self.account, self._exchange.symbols[params["symbol"]], frame)
            self.unknown.pop(name, None)
            self.placed[name] = params
            if "result" in frame:
                self._orders = [*self._orders[-KNOWN_ORDERS_MAX:], frame["result"]["order_id"]]
        elif self._sent[name] == 1 and frame["error"]["code"] not in UNKNOWN:
            # Surely not stored: it must never be found in the journal, so the name is not used again. Of one that was
            # sent twice at once nobody can say that: the other may be on its way.
            del self.unknown[name]
            self._checks.never_stored.add(name)

    async def _cancel(self, talk: Conversation) -> None:
        if self._orders:
            await self._change(talk, "order.cancel", order_id=self._random.choice(self._orders))

    async def _amend(self, talk: Conversation) -> None:
        if self._orders:
            quantity = str(self._random.randint(1, 40))
            await self._change(talk, "order.amend", order_id=self._random.choice(self._orders), quantity=quantity)

    async def _change(self, talk: Conversation, method: str, **params: str) -> None:
        frame = await talk.ask(method, **params)
        if "journal" in frame:
            self._checks.answered(self.account, int(params["order_id"].partition("-")[0]), frame)

    async def _cancel_all(self, talk: Conversation) -> None:
        await talk.ask("order.cancel_all")

    async def _ask(self, talk: Conversation) -> None:
        await talk.ask("order.list")

    # The end

    async def _settle(self, talk: Conversation) -> None:
        """With nothing going wrong any more: learn what is unknown, and stay."""
        for params in list(self.unknown.values()):
            await self._send(talk, params)
        # One more report in each partition shows whether any before it is missing, and that each is led.
        for symbol in self._exchange.symbols:
            await self._place_last(talk, symbol)
        if not self.unknown:
            self.rests = True
            await talk.over.wait()

    async def _place_last(self, talk: Conversation, symbol: str) -> None:
        while True:
            self._made += 1
            params = {
                "symbol": symbol,
                "side": "buy",
                "type": "limit",
                "quantity": "1",
                "price": "1.00",
                "client_order_id": f"{self.account}-{self._made}",
            }
            await self._send(talk, params)
            if params["client_order_id"] in self.placed:
                return
            await asyncio.sleep(RETRY_SECONDS)

    async def clear(self) -> None:
        """Find exactly the open orders that the history has, and cancel them all."""
        assert self.talk is not None
        answer = await self.talk.ask("order.list", limit=1000)
        told = answer["result"]["orders"] if "result" in answer else []
        engines = [history.partition.engine for history in self._checks.histories]
        true = [
            f"{number}-{order.order_id}"
            for number, engine in enumerate(engines)
            for order in engine.open_orders(self.account)
        ]
        if "error" in answer or [order["order_id"] for order in told] != true:
            self._checks.problem(f"{self.account} is told that it has {answer} open, and has {true}")
        while _too_late(answer := await self.talk.ask("order.cancel_all")):
            pass
        if answer.get("result") != {"canceled": len(true)}:
            self._checks.problem(f"{self.account} has {len(true)} orders, and to cancel them all is answered {answer}")


def _too_late(answer: Frame) -> bool:
    # After nats-server's clock was set back a new gateway learns of journal time from the first refusal.
    return bool(answer.get("error", {}).get("code") == "too_late")
