"""publication/deferred.py: what a long command is told by is the same as if it had been made and printed at once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count, pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from exchange.commands import AmendOrder, CancelOrder, PlaceOrder, SetPhase
from exchange.terms import AT_OPEN, AUCTION, BUY, CONTINUOUS, SELL, STOP, is_open
from streams.partition.partition import OPEN_ORDERS_MANY, Partition
from streams.partition.state import partition_parts
from streams.publication.report import print_report
from streams.publication.reports import EVENTS_MANY, is_long
from streams.wire import codec
from tests.support.journaled import ACME, Journaled, buy, order, sell, units
from tests.support.journaled import replayed as replayed_journal

if TYPE_CHECKING:
    from exchange.commands import Command
    from streams.publication.report import ExecutionReport

ORDERS = 3_000
NAMES = ("anna", "boris", "carla", "dora")


@dataclass
class Call:
    """A partition in a call of many orders of four accounts, two in three of anna's."""

    journaled: Journaled
    orders: list[Command]


def call(orders: int = ORDERS) -> Call:
    """The orders overlap; some are icebergs, market orders, for the opening alone, or stops that will be triggered."""
    random, number = Random(1), count()  # noqa: S311 - the same call every time
    commands: list[Command] = []
    for _ in range(orders):
        side, account = random.choice((BUY, SELL)), random.choice(("anna", "anna", "anna", "anna", "anna", *NAMES))
        steps = random.randint(0, 20)
        price: int | None = 100 + steps if side == BUY else 100 - steps
        more: dict[str, Any] = {}
        kind = random.randrange(20)
        if kind == 0:
            more = {"display_quantity": units(5)}
        elif kind == 1:
            price = None
        elif kind == 2:
            more = {"time_in_force": AT_OPEN}
        quantity = random.randint(10, 100)
        commands.append(order(account, side, quantity, price, f"o{next(number)}", **more))
    journaled = Journaled()
    journaled.send(SetPhase("ACME", AUCTION, kind=0))
    journaled.send(PlaceOrder("dora", "ACME", "stop", BUY, STOP, units(3), stop_price=units(1)))
    journaled.send(order("dora", BUY, 1, 1, "unmet", time_in_force=AT_OPEN))
    for first in range(0, orders, codec.COMMANDS_MAX):
        journaled.send(*commands[first : first + codec.COMMANDS_MAX])
    return Call(journaled, commands)


def told_at_once(partition: Partition, command: Command, sequence: int, at: int) -> list[ExecutionReport]:
    """The reports of a command, made and kept as those of a short one are."""
    partition.engine.apply(command, sequence, at)
    assert is_long(partition.engine.events)
    return partition.reports.take(partition.engine, f"{sequence}.0", at)


def kept(partition: Partition) -> list[tuple[str, object]]:
    """What is remembered of reports."""
    return [
        part for part in partition_parts(partition) if part[0].partition(".")[0] in {"accounts", "reports", "latest"}
    ]


def test_reports_that_are_made_later_are_the_same() -> None:
    """Numbers, orders and texts; of each account in the order in which they happened."""
    made = call()
    twin, _ = replayed_journal(made.journaled.journal, render=False)
    end = SetPhase("ACME", CONTINUOUS)
    expected = told_at_once(twin, end, len(made.journaled.journal) + 1, made.journaled.now)

    answered = made.journaled.send(end)

    assert answered.output.later is not None
    texts: dict[str, list[Any]] = {}
    for report in expected:
        text = print_report(report, twin.renderer.order(report.state), twin.renderer)
        texts.setdefault(report.state.command.account, []).append(json.loads(text))
    assert answered.reports == texts
    assert list(answered.reports) == list(texts)
    assert {report["exec"] for of_account in texts.values() for report in of_account} == {
        "trade",
        "expired",
        "triggered",
    }


@pytest.mark.parametrize(("per_account", "in_all"), [(1_000, 100_000), (10, 100_000), (1_000, 1_500), (5_000, 700)])
@pytest.mark.parametrize("render", [True, False])
def test_the_reports_that_are_kept_are_the_same(per_account: int, in_all: int, render: bool) -> None:
    """Whichever bound is met, and whether anybody hears the others or not."""
    made = call()
    partition, _ = replayed_journal(made.journaled.journal, render=False)
    twin, _ = replayed_journal(made.journaled.journal, render=False)
    for each in (partition, twin):
        held = each.reports.held
        held.bound(per_account, in_all)
        for share in held.overfull():
            held.keep(share, type(share.items)(list(share.items)[-per_account:]))
        while (largest := held.largest()) is not None:
            held.evict(largest)
    end = SetPhase("ACME", CONTINUOUS)
    sequence, now = len(made.journaled.journal) + 1, made.journaled.now
    told_at_once(twin, end, sequence, now)

    partition.answer(codec.encode_batch("test", sequence, [codec.encode_command(end)]), sequence, now, render)

    assert kept(partition) == kept(twin)


def test_what_comes_after_changes_nothing_of_it() -> None:
    """The order that is left is amended and canceled, and the ended ones are forgotten, before anything is told."""
    apart, together = call(), call()
    end = SetPhase("ACME", CONTINUOUS)
    expected = apart.journaled.send(end)
    left = [each for each in together.journaled.partition.engine.orders.values() if is_open(each.status)]
    assert left
    journal = together.journaled.journal
    sequence = len(journal) + 1
    output = together.journaled.partition.answer(
        codec.encode_batch("test", sequence, [codec.encode_command(end)]), sequence, together.journaled.now
    )
    journal.append((b"", sequence, together.journaled.now))

    resting = [each for each in left if is_open(each.status)]
    changes: list[Command] = [AmendOrder(each.account, each.order_id, quantity=units(500)) for each in resting[:100]]
    changes += [CancelOrder(each.account, each.order_id) for each in resting[:100]]
    together.journaled.send(*changes)
    together.journaled.partition.engine.register.ended.own_max = 1
    together.journaled.send(buy("anna", 1, 1, "last"))

    assert [message for message in output.messages() if message is not None] == expected.messages


def test_all_of_a_message_keeps_its_order() -> None:
    """An order before the uncross and two after it, in one message: numbers without a gap on every subject."""
    made = call()
    before = {name: made.journaled.partition.reports.seq(name) for name in NAMES}

    answered = made.journaled.send(
        buy("boris", 7, 99, "before"),
        SetPhase("ACME", CONTINUOUS),
        sell("boris", 1, 500, "after"),
        SetPhase("ACME", AUCTION),
        buy("boris", 1, 1, "last"),
    )

    for name, reports in answered.reports.items():
        assert [(report["prev"], report["seq"]) for report in reports] == [
            (seq, seq + 1) for seq in range(before[name], made.journaled.partition.reports.seq(name))
        ]
    assert [report["order"]["client_order_id"] for report in answered.reports["boris"][:1]] == ["before"]
    assert [report["order"]["client_order_id"] for report in answered.reports["boris"][-2:]] == ["after", "last"]
    for channel in ("status", "trades", "full", "book", "ticker"):
        frames = answered.channel(channel)
        assert all(frame["prev"] == earlier["seq"] for earlier, frame in pairwise(frames))
    assert [frame["phase"] for frame in answered.channel("status")] == ["continuous", "auction"]


def test_the_status_waits_for_no_report() -> None:
    """It is among what is printed at once."""
    answered = call(EVENTS_MANY * 4).journaled.send(SetPhase("ACME", CONTINUOUS))

    at_once = [json.loads(frame)["channel"] for _, frame in answered.output.market_data]
    assert (at_once[0], answered.output.reports) == ("status", [])
    assert answered.output.later is not None


def test_of_what_nobody_hears_nothing_is_printed() -> None:
    """One account listens: its reports alone are told, all of them."""
    made = call()
    before = made.journaled.partition.reports.seq("carla")
    sequence = len(made.journaled.journal) + 1
    data = codec.encode_batch("test", sequence, [codec.encode_command(SetPhase("ACME", CONTINUOUS))])

    output = made.journaled.partition.answer(
        data, sequence, made.journaled.now, hears=lambda subject: subject == "exec.carla"
    )

    told = [message for message in output.messages() if message is not None]
    assert {subject for subject, _ in told} == {"exec.carla"}
    numbers = [seq for _, data in told for seq, _ in codec.decode_reports(data).reports]
    assert numbers == list(range(before + 1, made.journaled.partition.reports.seq("carla") + 1))


def test_a_call_of_very_many_orders_may_take_long() -> None:
    """As long as any of them would trade; a book of as many orders that trades continuously does not."""
    journaled = Journaled(ACME)
    journaled.send(SetPhase("ACME", AUCTION))
    orders = [buy("anna", 1, 90, f"b{number}") for number in range(OPEN_ORDERS_MANY - 1)]
    for first in range(0, len(orders), codec.COMMANDS_MAX):
        journaled.send(*orders[first : first + codec.COMMANDS_MAX])
    journaled.send(sell("boris", 1, 91, "above"))
    assert not journaled.partition.may_take_long()
    journaled.send(sell("boris", 1, 90, "across"))
    assert journaled.partition.may_take_long()
    journaled.send(SetPhase("ACME", CONTINUOUS))
    assert not journaled.partition.may_take_long()
