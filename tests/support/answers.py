"""Random trading in which every answer is held against everything else that is told of the same order.

Two partitions answer one journal: of one everybody hears everything, of the other a chance part of it; that one also
moves its ended orders into the archive, and is restored from its own checkpoint now and then. Both have to
give the same events, answers, and report texts. The orders of each answer and each report have to be those that EVENTS
tells of (`told_orders`), and those of a question right after the command.
"""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from exchange.checkpoint.packing import pack
from exchange.commands import AmendOrder, BustTrade, CancelOrder, DrawEnd, ListInstrument, PlaceOrder
from exchange.events import Accepted
from exchange.terms import is_open
from streams import subjects
from streams.partition.partition import Partition
from streams.partition.state import partition_parts, restored
from streams.wire import codec
from tests.support.random_choices import Seeded
from tests.support.random_commands import FINE, PLAIN, START, WIDE
from tests.support.random_days import day_step
from tests.support.told_orders import ToldOrders, seen

if TYPE_CHECKING:
    from exchange.commands import Command
    from exchange.events import Event
    from streams.partition.partition import Output
    from streams.publication.instrument_feed import Hears, PublishedFrame
    from tests.support.told_orders import ToldOrder

Json = dict[str, Any]

LOOK_EVERY = 400
"""Messages between two comparisons of all that can be asked, and looks for orders that nobody remembers any more."""

PACKING = 0.1
"""How often ended orders are packed after a message."""

QUESTIONS = [
    codec.encode_query(kind, {"symbol": symbol})
    for kind in ("book", "full", "trades", "ticker", "status")
    for symbol in ("ACME", "BETA")
]


class Told:
    """What is published for a message, at once or later: of each account the reports by number, and market data."""

    def __init__(self, output: Output) -> None:
        self.reports: dict[str, dict[int, bytes]] = {}
        self.frames: list[PublishedFrame] = []
        accounts = subjects.reports("_").removesuffix("_")
        for message in output.messages():
            if message is not None and message[0].startswith(accounts):
                reports = codec.decode_reports(message[1]).reports
                self.reports.setdefault(message[0].removeprefix(accounts), {}).update(reports)
            elif message is not None:
                self.frames.append(message)
        at_once = sum(len(codec.decode_reports(message).reports) for _, message in output.reports)
        self.reported_later = sum(map(len, self.reports.values())) - at_once


class Answers:
    """One run. `last` is the message that was compared last, `reported_later` counts reports of long commands."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same seed must give the same run, nothing is secret
        self.choose = Seeded(seed)
        self.listened, self.everybody = Partition(3), Partition(3)
        self.told = ToldOrders()
        self.now = START
        self.number = 0
        self.last: list[Command] = []
        self.commands = 0
        self.reported_later = 0
        self.placed: dict[int, PlaceOrder] = {}
        self.seqs: dict[str, int] = {}
        self.send([WIDE, ListInstrument(PLAIN), ListInstrument(FINE)])

    def run(self, commands: int) -> None:
        """Carry out so many random commands, one or a few in a message."""
        while self.commands < commands:
            self.send([self.next_command() for _ in range(self.random.choice((1, 1, 1, 1, 4)))])

    def next_command(self) -> Command:
        """A command of a trading day, about orders that there are."""
        step = day_step(self.choose)
        self.now += step.wait
        self.commands += 1
        engine = self.listened.engine
        alive = [order.order_id for order in engine.orders.values() if is_open(order.status)]
        command = step.command_at(self.now, self.placed, alive)
        if isinstance(command, PlaceOrder) and not command.client_order_id:
            return replace(command, client_order_id=f"n{self.commands}")
        book = engine.books.get(command.symbol) if isinstance(command, BustTrade | DrawEnd) else None
        if isinstance(command, BustTrade) and book is not None:
            return replace(command, trade_id=book.last_trade_id + 1 - command.trade_id)
        if isinstance(command, DrawEnd) and book is not None and not command.call:
            return replace(command, call=book.call)
        return command

    def audience(self) -> Hears:
        """Who listens to this message: nobody, everybody, some, or an allowance that ends somewhere in it."""
        kind, room = self.random.randrange(4), self.random.randrange(4)

        def hears(_: str) -> bool:
            nonlocal room
            room -= 1
            return (room >= 0, self.random.random() < 0.5, True, False)[kind]

        return hears

    def restart(self) -> None:
        """Go on from a checkpoint of the partition that some hear, which packs its ended orders."""
        parts = list(partition_parts(self.listened))
        self.listened = restored(3, parts)
        assert list(partition_parts(self.listened)) == parts
        assert self.listened.engine.digest() == self.everybody.engine.digest()

    def send(self, commands: list[Command]) -> None:
        """Put one message of commands into both journals, and compare all that it gives."""
        self.number += 1
        self.last = commands
        data = codec.encode_batch("test", self.number, [codec.encode_command(command) for command in commands])
        heard = self.listened.answer(data, self.number, self.now, hears=self.audience())
        whole = self.everybody.answer(data, self.number, self.now)
        assert heard.events == whole.events
        assert heard.results == whole.results
        assert whole.results is not None
        bodies = [(code, json.loads(body)) for code, body in codec.decode_results(whole.results[1]).bodies]
        expected = self.follow(commands, codec.decode_facts(whole.events).events, bodies)
        of_heard, of_whole = Told(heard), Told(whole)
        self.compare_reports(of_whole, of_heard, expected)
        self.reported_later += of_whole.reported_later
        assert set(of_heard.frames) <= set(of_whole.frames)
        if len(commands) == 1:
            self.compare_question(commands[0], bodies[0])
        if self.number % LOOK_EVERY == 0:
            for question in QUESTIONS:
                assert self.listened.query(question) == self.everybody.query(question)
            self.told.orders = {number: self.told.orders[number] for number in self.everybody.engine.orders}
            self.restart()
        elif self.random.random() < PACKING:
            pack(self.listened.engine, self.now, most=10, size=4)

    def follow(
        self, commands: list[Command], events: list[list[Event]], bodies: list[tuple[str, Json]]
    ) -> dict[str, list[tuple[str, Json]]]:
        """Let the events tell of the orders, compare each answer; what each account is to be reported."""
        expected: dict[str, list[tuple[str, Json]]] = {}
        for command, of_command, (code, body) in zip(commands, events, bodies, strict=True):
            for event in of_command:
                if isinstance(event, Accepted):
                    self.placed[event.order_id] = event.order
                for what, order in self.told.take(event, self.now):
                    expected.setdefault(order.placed.account, []).append((what, order.seen()))
            if not code and isinstance(command, PlaceOrder | AmendOrder | CancelOrder):
                self.compare_answer(command, self.told.orders[number_of(body)], body)
        return expected

    def compare_answer(self, command: Command, order: ToldOrder, body: Json) -> None:
        """An answer tells its order as the whole command has left it, and of a placement all of its fills."""
        assert {name: value for name, value in seen(body).items() if name in order.seen()} == order.seen()
        if isinstance(command, PlaceOrder):
            assert [seen(fill) for fill in body["fills"]] == order.fills
        else:
            assert "fills" not in body

    def compare_reports(self, whole: Told, heard: Told, expected: dict[str, list[tuple[str, Json]]]) -> None:
        """Everybody's reports are those that EVENTS gives, each order as it was then; who hears some hears the same."""
        for account, texts in heard.reports.items():
            assert texts.items() <= whole.reports[account].items()
        for account, texts in whole.reports.items():
            reports = [json.loads(text) for text in texts.values()]
            first = self.seqs.get(account, 0) + 1
            assert [report["seq"] for report in reports] == list(range(first, first + len(reports)))
            self.seqs[account] = first + len(reports) - 1
            known = [
                report
                for report in reports
                if report["exec"] != "busted" or number_of(report["order"]) in self.told.orders
            ]
            found = [(report["exec"], seen(report["order"])) for report in known]
            wanted = expected.pop(account, [])
            assert [(what, {name: order[name] for name in wanted[0][1]}) for what, order in found] == wanted
        assert not any(expected.values())

    def compare_question(self, command: Command, answer: tuple[str, Json]) -> None:
        """`order.get` right after the command says what its answer said."""
        code, body = answer
        if code or not isinstance(command, PlaceOrder | AmendOrder | CancelOrder):
            return
        number = number_of(body)
        arguments = {"account": command.account, "order_id": number}
        for partition in (self.listened, self.everybody):
            asked, told = codec.decode_answer(partition.query(codec.encode_query("order", arguments)))
            assert (asked, json.loads(told)) == ("", {name: value for name, value in body.items() if name != "fills"})


def number_of(order: Json) -> int:
    """The order's number in its partition."""
    return int(order["order_id"].partition("-")[2])
