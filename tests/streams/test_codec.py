import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.commands import (
    AmendOrder,
    BustTrade,
    CancelAfter,
    CancelAll,
    CancelOrder,
    Command,
    Configure,
    DelistInstrument,
    DoubleBands,
    DrawEnd,
    ListInstrument,
    PlaceOrder,
    SetKillSwitch,
    SetLimits,
    SetPhase,
    Tick,
)
from exchange.engine import SEMANTICS
from exchange.events import (
    UNTOLD,
    Accepted,
    AllCanceled,
    Amended,
    Busted,
    Canceled,
    Event,
    Expired,
    Refused,
    Rejected,
    Repeated,
    Traded,
    Triggered,
)
from exchange.instrument import NO_RATE, Instrument
from exchange.market_events import (
    BandsDoubled,
    CancelAfterSet,
    Configured,
    EndDrawn,
    InstrumentDelisted,
    InstrumentListed,
    KillSwitchSet,
    LimitsSet,
    PhaseSet,
)
from exchange.units import SECOND
from streams.errors import Undecodable
from streams.wire import codec
from streams.wire.codec import Results

ACME = Instrument("ACME", [(0, 1_000_000), (10_000_000_000, 5_000_000)], 100_000_000, max_quantity=10**14)
PLACEMENT = PlaceOrder("anna", "ACME", "a-1", 0, 0, 5, 101, expires=7, time_in_force=4, display_quantity=2, sent_at=9)

COMMANDS: list[Command] = [
    Configure(SEMANTICS, 10_000, 200_000, 5_000_000_000),
    ListInstrument(ACME, "operator", "it's new"),
    PLACEMENT,
    PlaceOrder("boris", "ACME", "b.1:x", 1, 1, 5, post_only=True, session="s1"),
    AmendOrder("anna", 7, price=10, quantity=3),
    CancelOrder("anna", 0, "ACME", "a-1"),
    CancelAll("anna", "ACME", side=2),
    CancelAfter("anna", 5_000_000_000),
    Tick(),
    DelistInstrument("ACME", "operator", "no more"),
    SetPhase("ACME", 2, 4, 123, lift=True, principal="operator", reason="news", due=7),
    DrawEnd("ACME", 3, 5_000_000_000),
    SetLimits("anna", "", [(0, 1), (6, -25)], 1 << 8, "operator", "rebate"),
    SetKillSwitch("", "ACME", active=True, cancel=True, principal="operator"),
    BustTrade("ACME", 7, "operator", "wrong"),
    DoubleBands("ACME", doubled=True, due=9),
]

EVENTS: list[list[Event]] = [
    [Configured(1)],
    [InstrumentListed(ACME)],
    [Rejected("price_off_tick", "price", 1_000_000)],
    [Accepted(7, PLACEMENT), Traded(1, "ACME", 101, 5, 1, 3, "carla", 5, 0, -1, 7, "anna", 5, 0, 2)],
    [],
    [Repeated(7), Amended(7, "anna", 101, None, 6, None, None, 1, 0, "requested")],
    [Expired(8, "anna", 4, "no_liquidity"), Canceled(9, "anna", 4, "requested"), AllCanceled("anna", 1)],
    [CancelAfterSet("anna", 9)],
    [PhaseSet("ACME", 2, 1, 123, halted=False, call=4, reason="news"), EndDrawn("ACME", 4, 5), InstrumentDelisted("B")],
    [Triggered(7, "anna"), Refused(7, "anna", 5, "position_limit"), BandsDoubled("ACME", doubled=False)],
    [LimitsSet("anna", "ACME", [(0, 0), (6, -25)]), KillSwitchSet("anna", "", active=True, count=3)],
    [Busted(1, "ACME", 101, 5, 2, 3, "carla", -1, 7, "anna", 2)],
]


COMPLETE: list[list[Event]] = [
    [
        Accepted(7, PLACEMENT, 0),
        Traded(1, "ACME", 101, 5, 1, 3, "carla", 5, 0, -1, 7, "anna", 5, 0, 2, 2**70, 7, 3, 505, 0, 2),
        Amended(7, "anna", 101, None, 6, None, None, 1, 0, "requested", "ACME", 1, 5, 505, 3, 2),
        Canceled(9, "anna", 4, "requested", "ACME", 1, 5, 2**70, 3),
        Expired(8, "anna", 4, "no_liquidity", "ACME", 0, 5, 505, 3),
        Triggered(7, "anna", "ACME", 1, 0, 0, 0, 5),
        Refused(7, "anna", 5, "position_limit", "ACME"),
        Busted(1, "ACME", 101, 5, 2, 3, "carla", -1, 7, "anna", 2, 5, 0, 2**70, 1, 3, 5, 1, 505, 0, 2),
    ]
]


def batch(*commands: list[object]) -> bytes:
    return msgspec.msgpack.encode([1, "abc", 1, list(commands)])


def test_every_command_survives_the_journal() -> None:
    """What is read from a journal message equals what was put in, for each kind of command."""
    data = codec.encode_batch("abc", 7, [codec.encode_command(command) for command in COMMANDS])

    assert codec.decode_batch(data) == ("abc", 7, COMMANDS)


def test_every_event_survives_its_stream() -> None:
    """What is read from a message of EVENTS equals what was put in, for each kind of event."""
    data = codec.encode_facts(123, bytes(range(16)), codec.encode_events(EVENTS))

    assert codec.decode_facts(data) == (123, bytes(range(16)), EVENTS, 0)
    late = codec.encode_facts(123, bytes(range(16)), codec.encode_events(EVENTS), 456)
    assert codec.decode_facts(late) == (123, bytes(range(16)), EVENTS, 456)
    assert [codec.answered_at(each) for each in (data, late, b"nothing")] == [0, 456, 0]


def test_an_event_of_before_version_4_is_read_and_written_as_it_was() -> None:
    """It says nothing of how its order stands, and is not made to; one of later says all of it."""
    as_before = codec.encode_events(COMPLETE, complete=False)
    complete = codec.encode_events(COMPLETE)
    assert len(as_before) < len(complete)
    for encoded in (as_before, complete, codec.encode_events(EVENTS, complete=False)):
        facts = codec.decode_facts(codec.encode_facts(123, bytes(16), encoded))
        assert codec.encode_again(facts.events) == encoded
    [[accepted, traded, amended, *_]] = codec.decode_facts(codec.encode_facts(1, bytes(16), as_before)).events
    assert isinstance(accepted, Accepted)
    assert isinstance(traded, Traded)
    assert isinstance(amended, Amended)
    assert (accepted.status, traded.taker_status, amended.symbol) == (UNTOLD, 0, "")
    assert codec.decode_facts(codec.encode_facts(1, bytes(16), complete)).events == COMPLETE


def test_a_command_is_an_array_with_its_tag_first() -> None:
    """The wire form is flat and in the order of the dataclass, as other languages would read it."""
    assert msgspec.msgpack.decode(codec.encode_command(CancelOrder("anna", 7))) == [5, "anna", 7, "", "", 0]


def test_what_is_worked_out_does_not_travel() -> None:
    """An instrument is sent by its definition alone; its smallest tick is found again."""
    sent = msgspec.msgpack.decode(codec.encode_command(ListInstrument(ACME)))

    assert sent[1] == [
        "ACME",
        [[0, 1_000_000], [10_000_000_000, 5_000_000]],
        100_000_000,
        0,
        10**14,
        0,
        0,
        0,
        0,
        0,
        100_000,
        0,
        0,
        0,
        0,
        300 * SECOND,
        30 * SECOND,
        15 * SECOND,
        300 * SECOND,
        300 * SECOND,
        300 * SECOND,
        0,
        1,
        0,
        0,
        NO_RATE,
        "",
    ]
    [command] = codec.decode_batch(batch(sent)).commands
    assert isinstance(command, ListInstrument)
    assert command.instrument.smallest_tick == 1_000_000


def test_fields_missing_at_the_end_take_their_defaults() -> None:
    """A journal written before a field was added at the end can still be read."""
    assert codec.decode_batch(batch([3, "anna", "ACME", "a-1", 0, 0, 5])).commands == [
        PlaceOrder("anna", "ACME", "a-1", 0, 0, 5)
    ]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param([99], id="unknown tag"),
        pytest.param([], id="no tag"),
        pytest.param([7, 1], id="a field too many"),
        pytest.param([5, "anna"], id="a field too few"),
        pytest.param([5, "anna", "7"], id="text for a number"),
        pytest.param([5, "anna", 7.0], id="float for a number"),
        pytest.param([5, "anna", True], id="bool for a number"),
        pytest.param([5, b"anna", 7], id="bytes for a text"),
        pytest.param([3, "anna", "ACME", "a-1", 2, 0, 5], id="no such side"),
        pytest.param([3, "anna", "ACME", "a-1", -1, 0, 5], id="negative side"),
        pytest.param([3, "anna", "ACME", "a-1", 0, 4, 5], id="no such type"),
        pytest.param([3, "anna", "ACME", "a-1", 0, 0, 5, None, None, 7], id="no such time in force"),
        pytest.param([3, "anna.*", "ACME", "a-1", 0, 0, 5], id="account that is no token"),
        pytest.param([3, "", "ACME", "a-1", 0, 0, 5], id="no account"),
        pytest.param([3, "anna", "ACME", 'a"', 0, 0, 5], id="quote in a client order id"),
        pytest.param([3, "anna a", "ACME", "a", 0, 0, 5], id="space in an account"),
        pytest.param([3, "anna", "ACME", "a\n", 0, 0, 5], id="line break in a client order id"),
        pytest.param([3, "anna", "A" * 501, "a", 0, 0, 5], id="endless symbol"),
        pytest.param([6, "anna", "", 3], id="no such sides"),
        pytest.param([6, "anna", "", 2, "", 'a"'], id="quote in a reason"),
        pytest.param([2, ["ac.me", [[0, 1]], 1]], id="symbol that is no token"),
        pytest.param([2, ["ACME", [[0, 1, 2]], 1]], id="tick row of three"),
    ],
)
def test_what_is_no_command_is_undecodable(command: list[object]) -> None:
    """Types, lengths, words and the letters of names are all checked before the engine sees a command."""
    with pytest.raises(Undecodable):
        codec.decode_batch(batch(command))


@pytest.mark.parametrize(
    "message",
    [
        [2, "abc", 1, []],
        [1, "ABC", 1, []],
        [1, "", 1, []],
        [1, "abc", -1, []],
        [1, "abc", 1],
        [1, "abc", 1, [], 0],
        [1, "abc", 1, [[7]] * (codec.COMMANDS_MAX + 1)],
        {"version": 1},
        None,
    ],
)
def test_what_is_no_batch_is_undecodable(message: object) -> None:
    """Another version, a wrong envelope or more commands than the bound are refused as a whole."""
    with pytest.raises(Undecodable):
        codec.decode_batch(msgspec.msgpack.encode(message))


def test_the_bound_of_a_batch_can_be_used_up() -> None:
    """A batch of exactly the largest number of commands is read."""
    data = codec.encode_batch("abc", 1, [codec.encode_command(Tick())] * codec.COMMANDS_MAX)

    assert len(codec.decode_batch(data).commands) == codec.COMMANDS_MAX


GOOD = codec.encode_batch("abc", 7, [codec.encode_command(command) for command in COMMANDS])


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.integers(0, len(GOOD)))
def test_damaged_bytes_are_undecodable_and_nothing_worse(place: int, byte: int, length: int) -> None:
    """Whatever became of a journal message, reading it gives commands or Undecodable, no other error."""
    damaged = (GOOD[:place] + bytes([byte]) + GOOD[place + 1 :])[: length or None]
    try:
        decoded = codec.decode_batch(damaged)
    except Undecodable:
        return
    assert len(decoded.commands) <= codec.COMMANDS_MAX


@given(st.binary(max_size=200))
def test_noise_is_undecodable_and_nothing_worse(data: bytes) -> None:
    """Random bytes are no journal message."""
    with pytest.raises(Undecodable):
        codec.decode_batch(data)


def test_results_reports_queries_and_answers_survive() -> None:
    """The messages of the way back are read as they were written."""
    results = Results(3, 7, 42, 99, [("", b"{}"), ("order_done", b'{"code":"order_done"}')])
    reports = codec.Reports(3, [(1, b"{}"), (2, b"[]")])

    assert codec.decode_results(codec.encode_results(results)) == results
    assert codec.decode_reports(codec.encode_reports(reports)) == reports
    assert codec.decode_answer(codec.encode_answer("", b"[]")) == ("", b"[]")
    kind, arguments = codec.decode_query(codec.encode_query("book", {"symbol": "ACME"}))
    assert (kind, msgspec.msgpack.decode(arguments)) == ("book", {"symbol": "ACME"})


@pytest.mark.parametrize(
    "read", [codec.decode_facts, codec.decode_results, codec.decode_reports, codec.decode_query, codec.decode_answer]
)
def test_every_message_has_a_version(read: object) -> None:
    """A message of another version of its form is undecodable, whatever else it holds."""
    assert callable(read)
    with pytest.raises(Undecodable):
        read(msgspec.msgpack.encode([2, 1, b"", []]))
