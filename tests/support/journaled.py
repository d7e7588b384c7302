"""A partition fed from a journal in memory, its output decoded, and short words for commands.

Prices and quantities are given as people write them ("10.02", 5); ACME has a tick of 0.01 and a lot of 1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exchange.commands import Configure, ListInstrument, PlaceOrder
from exchange.engine import SEMANTICS
from exchange.events import Accepted
from exchange.instrument import Instrument
from exchange.terms import BUY, LIMIT, MARKET, SELL, is_open
from exchange.units import SECOND, UNIT
from streams.partition.partition import Output, Partition
from streams.wire import codec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exchange.commands import Command
    from tests.support.random_commands import Step

OPENING = 1_795_341_600 * SECOND
"""2026-11-22T10:00:00Z."""

CONFIGURE = Configure(SEMANTICS, 10_000, 1_000, 5 * SECOND)
ACME = Instrument("ACME", [(0, UNIT // 100)], UNIT)

Number = str | int
Json = Any


def units(number: Number) -> int:
    """The units of a number as people write it."""
    return int(Decimal(number) * UNIT)


def order(account: str, side: int, quantity: Number, at: Number | None, name: str, **more: Json) -> PlaceOrder:
    """A limit order at `at`, a market order without."""
    kind, price = (MARKET, None) if at is None else (LIMIT, units(at))
    return PlaceOrder(account, more.pop("symbol", "ACME"), name, side, kind, units(quantity), price, **more)


def buy(account: str, quantity: Number, at: Number | None, name: str, **more: Json) -> PlaceOrder:
    """See `order`."""
    return order(account, BUY, quantity, at, name, **more)


def sell(account: str, quantity: Number, at: Number | None, name: str, **more: Json) -> PlaceOrder:
    """See `order`."""
    return order(account, SELL, quantity, at, name, **more)


@dataclass
class Answered:
    """A journal message's output: messages and results in order, reports by account, frames by channel in order."""

    output: Output
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    results: list[tuple[str, Json]] = field(default_factory=list)
    reports: dict[str, list[Json]] = field(default_factory=dict)
    frames: list[Json] = field(default_factory=list)

    def channel(self, name: str) -> list[Json]:
        """The frames of one channel."""
        return [frame for frame in self.frames if frame["channel"] == name]


class Journaled:
    """A partition and its journal; `listed` is what its first message lists."""

    def __init__(self, *listed: Instrument, number: int = 3, configure: Configure = CONFIGURE) -> None:
        self.partition = Partition(number)
        self.journal: list[tuple[bytes, int, int]] = []
        self.now = OPENING
        self.placed: dict[int, PlaceOrder] = {}
        self.opening = self.send(configure, *[ListInstrument(instrument) for instrument in listed or (ACME,)])

    def send(self, *commands: Command) -> Answered:
        """Put one message of commands into the journal, now."""
        number = len(self.journal) + 1
        return self.put(codec.encode_batch("test", number, [codec.encode_command(command) for command in commands]))

    def put(self, data: bytes) -> Answered:
        """Put a message into the journal, now."""
        self.journal.append((data, len(self.journal) + 1, self.now))
        output = self.partition.answer(*self.journal[-1])
        for of_command in codec.decode_facts(output.events).events:
            self.placed |= {event.order_id: event.order for event in of_command if isinstance(event, Accepted)}
        answered = Answered(output)
        if output.results:
            answered.results = [
                (code, json.loads(body)) for code, body in codec.decode_results(output.results[1]).bodies
            ]
        answered.messages = [message for message in output.messages() if message is not None]
        for subject, data_of_subject in answered.messages:
            kind, name = subject.split(".", 1)
            if kind == "exec":
                for seq, text in codec.decode_reports(data_of_subject).reports:
                    report = json.loads(text)
                    assert report["seq"] == seq
                    answered.reports.setdefault(name, []).append(report)
            else:
                frame = json.loads(data_of_subject)
                assert subject == f"md.{frame['symbol']}.{frame['channel']}"
                answered.frames.append(frame)
        return answered

    def take(self, *steps: Step) -> Answered:
        """Put random steps into the journal, as one message."""
        self.now += sum(step.wait for step in steps)
        orders = self.partition.engine.orders.values()
        alive = sorted(order.order_id for order in orders if is_open(order.status))
        commands = []
        for number, step in enumerate(steps):
            command = step.command_at(self.now, self.placed, alive)
            if isinstance(command, PlaceOrder) and not command.client_order_id:
                command = replace(command, client_order_id=f"n{len(self.journal)}-{number}")
            commands.append(command)
        return self.send(*commands)

    def ask(self, kind: str, **arguments: Json) -> Json:
        """What a query that succeeds is answered with."""
        code, body = self.ask_for_answer(kind, **arguments)
        assert code == "", body
        return body

    def ask_for_answer(self, kind: str, **arguments: Json) -> tuple[str, Json]:
        """A query's code and body."""
        code, body = codec.decode_answer(self.partition.query(codec.encode_query(kind, arguments)))
        return code, json.loads(body)


def replayed(
    journal: Iterable[tuple[bytes, int, int]], *, render: bool, number: int = 3
) -> tuple[Partition, list[Output]]:
    """A fresh partition that has answered a journal, and its outputs."""
    partition = Partition(number)
    return partition, [partition.answer(*entry, render=render) for entry in journal]
