from collections.abc import Mapping
from hashlib import blake2b

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.commands import CancelAll, CancelOrder, Configure, ListInstrument, Tick
from exchange.engine import SEMANTICS
from exchange.events import Accepted, MessageRejected, Traded
from exchange.terms import GTD
from exchange.units import SECOND, UNIT
from streams.errors import PartitionFailed, PartitionStopped
from streams.partition.partition import CHAIN_START, Partition
from streams.partition.state import partition_parts
from streams.wire import codec
from tests.support.journaled import ACME, OPENING, Journaled, buy, replayed, sell
from tests.support.random_choices import stories
from tests.support.random_commands import NARROW, PLAIN, Step

QUERIES: list[tuple[str, Mapping[str, str | int]]] = [
    ("instruments", {}),
    *[
        (kind, {"symbol": symbol})
        for kind in ("book", "full", "trades", "ticker", "status")
        for symbol in ("ACME", "BETA")
    ],
    *[(kind, {"account": account}) for kind in ("open_orders", "orders_snapshot") for account in ("anna", "boris")],
    *[("reports", {"account": account, "after": 0}) for account in ("anna", "boris", "carla")],
]


def test_a_message_gives_its_facts_answers_reports_and_market_data() -> None:
    """One journal message has one message of EVENTS, an answer for each command, and one message for each account."""
    journaled = Journaled()

    answered = journaled.send(sell("anna", 5, "101.25", "a-1"), buy("boris", 2, "101.50", "b-1"))

    facts = codec.decode_facts(answered.output.events)
    assert [[type(event) for event in of_command] for of_command in facts.events] == [[Accepted], [Accepted, Traded]]
    assert (facts.at, facts.chain) == (OPENING, journaled.partition.chain)
    assert [code for code, _ in answered.results] == ["", ""]
    assert {account: [report["exec"] for report in reports] for account, reports in answered.reports.items()} == {
        "anna": ["accepted", "trade"],
        "boris": ["accepted", "trade"],
    }
    assert [(frame["channel"], frame["journal"]) for frame in answered.frames] == [
        ("full", "2.0"),
        ("book", "2.0"),
        ("ticker", "2.0"),
        ("trades", "2.1"),
        ("full", "2.1"),
        ("book", "2.1"),
        ("ticker", "2.1"),
    ]


def test_the_answers_go_to_the_origin() -> None:
    """A result names the partition, the origin's own number of the message, its sequence and its journal time."""
    partition = Partition(3)

    output = partition.answer(codec.encode_batch("gw7", 42, [codec.encode_command(Tick())]), 1, 99)

    assert output.results is not None
    origin, data = output.results
    assert origin == "gw7"
    assert codec.decode_results(data) == codec.Results(3, 42, 1, 99, [("", b"{}")])


def test_an_undecodable_message_is_answered_by_its_digest() -> None:
    """Nobody can be told, nothing changes, and the streams stay in step: output N answers input N."""
    journaled = Journaled()
    before = journaled.partition.engine.digest()

    answered = journaled.put(b"what is this")

    digest = blake2b(b"what is this", digest_size=16).hexdigest()
    assert codec.decode_facts(answered.output.events).events == [[MessageRejected(digest)]]
    assert answered.output[4:] == (None, [], [], None)
    assert journaled.partition.engine.digest() == before
    assert journaled.partition.sequence == 2


def test_one_bad_command_spoils_its_whole_message() -> None:
    """A message is carried out as it was meant or not at all."""
    journaled = Journaled()
    good = msgspec.msgpack.decode(codec.encode_command(buy("anna", 5, 100, "a-1")))

    answered = journaled.put(msgspec.msgpack.encode([1, "test", 2, [good, [99]]]))

    [[event]] = codec.decode_facts(answered.output.events).events
    assert isinstance(event, MessageRejected)
    assert journaled.ask("open_orders", account="anna") == {"orders": []}


def test_trading_goes_on_after_poison() -> None:
    """The command behind a message that cannot be read is answered as if that message had not been there."""
    journaled = Journaled()
    journaled.put(b"what is this")

    answered = journaled.send(buy("anna", 5, 100, "a-1"))

    assert [report["exec"] for report in answered.reports["anna"]] == ["accepted"]


def test_a_broken_invariant_ends_the_partition() -> None:
    """An order that is open and rests nowhere is our own fault: canceling it names the sequence and what broke."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, 100, "a-1"))
    order = journaled.partition.engine.orders[1]
    order.book.remove(order)

    with pytest.raises(PartitionFailed, match="only an order that rests or waits can leave the book") as failed:
        journaled.send(CancelOrder("anna", 1))

    assert (failed.value.partition, failed.value.sequence) == (3, 3)
    assert isinstance(failed.value.__cause__, AssertionError)


def test_unknown_semantics_are_no_fault_of_ours() -> None:
    """A journal that wants newer rules stops the partition for another reason than a broken invariant."""
    journaled = Journaled()

    with pytest.raises(PartitionStopped, match="version 99 of the rules") as stopped:
        journaled.send(Configure(99, 1, 1, 1))

    assert not isinstance(stopped.value, PartitionFailed)


def test_journal_time_never_runs_backwards() -> None:
    """A message stored by a clock that has stepped back gets the time of the one before it."""
    journaled = Journaled()
    journaled.now += 10 * SECOND
    journaled.send(buy("anna", 5, 100, "a-1", time_in_force=GTD, expires=OPENING + 15 * SECOND))
    journaled.now -= 8 * SECOND

    answered = journaled.send(Tick())

    assert answered.output.at == OPENING + 10 * SECOND
    assert answered.reports == {}


def test_what_is_due_happens_before_the_command_and_is_reported() -> None:
    """An expiry is told to its owner before what the command did; the answers are the commands' own."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, 100, "a-1", time_in_force=GTD, expires=OPENING + SECOND))
    journaled.now += SECOND

    answered = journaled.send(CancelOrder("anna", 1), buy("boris", 1, 99, "b-1"))

    assert [report["exec"] for report in answered.reports["anna"]] == ["expired"]
    assert [(code, body.get("status")) for code, body in answered.results] == [("order_done", None), ("", "open")]


def test_a_gap_in_the_journal_is_our_fault() -> None:
    """A partition refuses to go on from a message that is not the next."""
    with pytest.raises(AssertionError):
        Partition(3).answer(codec.encode_batch("test", 1, []), 2, OPENING)


def test_the_chain_depends_on_all_that_went_before() -> None:
    """The same last message after another history has another chain."""
    one, other = Journaled(), Journaled()
    assert one.partition.chain == other.partition.chain != CHAIN_START

    one.send(buy("anna", 5, 100, "a-1"))
    other.send(buy("anna", 5, 100, "a-2"))
    first, second = one.send(Tick()), other.send(Tick())

    assert first.output.events != second.output.events
    assert one.partition.chain != other.partition.chain


def test_an_empty_message_is_answered() -> None:
    """No commands, no events; the chain moves on all the same."""
    journaled = Journaled()
    before = journaled.partition.chain

    answered = journaled.send()

    assert codec.decode_facts(answered.output.events).events == []
    assert journaled.partition.chain != before


def test_canceling_a_whole_book_reports_to_everybody_once() -> None:
    """However many reports a message gives an account, they travel together, in order and without a gap."""
    journaled = Journaled()
    journaled.send(*[buy("anna", 1, 90 + n, f"a-{n}") for n in range(5)])

    answered = journaled.send(CancelAll("anna"))

    assert answered.results == [("", {"canceled": 5})]
    assert [(report["prev"], report["seq"], report["order"]["order_id"]) for report in answered.reports["anna"]] == [
        (5, 6, "3-1"),
        (6, 7, "3-2"),
        (7, 8, "3-3"),
        (8, 9, "3-4"),
        (9, 10, "3-5"),
    ]
    assert len(answered.output.reports) == 1


@given(st.lists(stories(), max_size=2).map(lambda parts: [step for part in parts for step in part]))
@settings(max_examples=40)
def test_replay_without_rendering_comes_to_the_same(story: list[Step]) -> None:
    """A standby that rendered nothing has stored the same facts and answers every question with the same bytes."""
    journaled = Journaled(PLAIN, configure=NARROW)
    rendered = [journaled.opening.output.events] + [journaled.take(step).output.events for step in story]

    partition, outputs = replayed(journaled.journal, render=False)

    assert [output.events for output in outputs] == rendered
    assert all(output[4:] == (None, [], [], None) for output in outputs)
    assert partition.chain == journaled.partition.chain
    for kind, arguments in QUERIES:
        request = codec.encode_query(kind, arguments)
        assert partition.query(request) == journaled.partition.query(request), (kind, arguments)


@given(stories())
@settings(max_examples=40)
def test_commands_in_one_message_do_as_in_many(story: list[Step]) -> None:
    """How commands were batched changes when they happen, not what they do."""
    apart, together = Journaled(PLAIN), Journaled(PLAIN)
    for step in story:
        apart.take(Step(0, step.command))
    commands = [command for data, _, _ in apart.journal[1:] for command in codec.decode_batch(data).commands]

    answered = together.send(*commands)

    state, expected = together.partition.engine.state(), apart.partition.engine.state()
    assert (state["books"], state.get("resting")) == (expected["books"], expected.get("resting"))
    for symbol in ("ACME", "BETA"):
        code, book = apart.ask_for_answer("book", symbol=symbol)
        assert (code, strip(together.ask_for_answer("book", symbol=symbol)[1])) == (code, strip(book))
    assert len(answered.results) == len(commands)


WIRE_NUMBERS = st.sampled_from([-(2**63), -1, 0, 1, UNIT, 100 * UNIT, 4 * 10**18, 2**63 - 1, 2**64 - 1]) | st.integers(
    -(2**63), 2**64 - 1
)
WHO = st.sampled_from(["anna", "boris"])
BANDS_AND_CALLS = [
    st.sampled_from([0, 100 * UNIT]),  # reference price
    *[st.sampled_from([0, 10_000, 4 * 10**18])] * 2,
    st.integers(0, 2),
    *[st.sampled_from([SECOND, 4 * 10**18])] * 6,
    *[st.sampled_from([0, 1, 4 * 10**18])] * 2,
]
"""From the reference price to how often a call is extended, as far as a listing may have them."""

MAYBE = st.none() | WIRE_NUMBERS
WIRE_COMMANDS = st.one_of(
    st.tuples(st.just(1), st.just(SEMANTICS), WIRE_NUMBERS, WIRE_NUMBERS, WIRE_NUMBERS),
    st.tuples(
        st.just(2),
        st.tuples(
            st.just("ACME"),
            st.lists(st.tuples(WIRE_NUMBERS, WIRE_NUMBERS), max_size=2) | st.just([(0, UNIT)]),
            *[WIRE_NUMBERS | st.just(0)] * 9,
        ),
    ),
    st.builds(lambda terms: (2, ("ACME", [(0, UNIT)], UNIT, *[0] * 7, 100, *terms)), st.tuples(*BANDS_AND_CALLS)),
    st.tuples(
        *(
            st.just(3),
            WHO,
            st.just("ACME"),
            st.sampled_from("abcdef"),
            st.integers(0, 1),
            st.integers(0, 3),
        ),
        *(WIRE_NUMBERS, MAYBE, MAYBE, st.integers(0, 6), MAYBE, st.booleans(), MAYBE, st.integers(0, 3), st.just("")),
        WIRE_NUMBERS | st.just(0),
    ),
    st.tuples(st.just(4), WHO, st.integers(0, 9), st.just("ACME"), st.sampled_from("abcdef"), *[MAYBE] * 5),
    st.tuples(st.just(5), WHO, WIRE_NUMBERS, st.just("ACME"), st.sampled_from("abcdef"), WIRE_NUMBERS),
    st.just((7,)),
    st.tuples(
        *(st.just(10), st.sampled_from(["", "ACME"]), st.integers(0, 5), st.sampled_from([-1, -1, -1, 0, 1, 2, 3, 4])),
        *(WIRE_NUMBERS | st.just(0), st.booleans(), st.just(""), st.just(""), WIRE_NUMBERS | st.just(0)),
    ),
    st.tuples(st.just(11), st.just("ACME"), st.integers(1, 3) | WIRE_NUMBERS, WIRE_NUMBERS),
    st.tuples(st.just(12), WHO, st.just(""), st.lists(st.tuples(st.integers(0, 8), WIRE_NUMBERS)), WIRE_NUMBERS),
    st.tuples(st.just(14), st.just("ACME"), st.integers(1, 3) | WIRE_NUMBERS),
    st.tuples(st.just(15), st.just("ACME"), st.booleans(), WIRE_NUMBERS | st.just(0)),
)


@given(st.lists(WIRE_COMMANDS, max_size=20), st.integers(0, 2**62))
@settings(max_examples=200)
def test_no_command_that_can_be_read_stops_a_partition(commands: list[object], stored_at: int) -> None:
    """Whatever numbers a command holds, it has events, an answer and frames: a journal cannot hold poison."""
    journaled = Journaled()
    journaled.now = max(journaled.now, stored_at)

    answered = journaled.put(msgspec.msgpack.encode([1, "test", 2, commands]))

    assert len(answered.results) == len(commands)
    assert [msgspec.msgpack.encode(part) for part in partition_parts(journaled.partition)], (
        "a checkpoint can be made of it"
    )


def strip(body: dict[str, object]) -> dict[str, object]:
    """A snapshot without its place in the journal."""
    return {name: value for name, value in body.items() if name != "journal"}


def test_a_listing_is_answered_with_the_instrument() -> None:
    """What is listed is told with all its limits, and in which partition it lives."""
    journaled = Journaled()

    answered = journaled.send(ListInstrument(ACME))

    assert [("", instrument) for instrument in journaled.ask("instruments")] == answered.results
