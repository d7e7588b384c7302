"""streams/wire/wide.py: numbers beyond 64 bits on the wire, and everything that may hold one."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.msgpack import Ext

from exchange.accounts.limits import MAX_LONG, MAX_VALUE
from exchange.commands import ListInstrument, SetLimits
from exchange.events import Rejected, Traded
from exchange.instrument import Instrument
from exchange.market_events import InstrumentListed, LimitsSet
from exchange.units import RATE, UNIT, VALUE_LARGEST
from streams.errors import Undecodable
from streams.partition.partition import Partition
from streams.partition.state import partition_parts, restored
from streams.recovery.checkpoints import chunks_of, parts_in
from streams.wire import codec, wide
from tests.support.journaled import Journaled, buy, sell

BIG = Instrument("ACME", [(0, UNIT)], UNIT, taker_bps=RATE, maker_bps=-RATE // 2)
"""The taker pays the whole value as a fee."""

MOST = "39999999999"
"""The largest price and quantity in whole units."""


def traded(instrument: Instrument = BIG) -> Journaled:
    """The largest trade that there can be."""
    journaled = Journaled(instrument)
    journaled.send(sell("anna", MOST, MOST, "a-1"), buy("boris", MOST, MOST, "b-1"))
    return journaled


ACCOUNT = codec.encode_query("account", {"account": "boris"})


def copied(journaled: Journaled) -> Partition:
    """The partition that a checkpoint of this one would give."""
    chunks = list(chunks_of(partition_parts(journaled.partition)))
    copy = restored(3, [part for chunk in chunks for part in parts_in(chunk)])
    assert list(chunks_of(partition_parts(copy))) == chunks
    return copy


@given(st.integers(-(2**250), 2**250))
def test_every_number_comes_back(number: int) -> None:
    """Narrow ones as msgpack's own, wide ones in as few bytes as will do."""
    data = wide.encode([number])
    decoder = msgspec.msgpack.Decoder(list, ext_hook=wide.number_of)
    assert decoder.decode(data) == [number]
    assert (data == msgspec.msgpack.encode([number])) if wide.is_narrow(number) else (len(data) <= 36)


@pytest.mark.parametrize(
    "extension",
    [Ext(2, b"\x01" * 9), Ext(1, b""), Ext(1, b"\x01"), Ext(1, b"\x00" * 9 + b"\x01"), Ext(1, b"\x7f" * 33)],
)
def test_what_is_no_wide_number_is_undecodable(extension: Ext) -> None:
    """Another extension, a number that fits, one with a byte too many, one that is too long."""
    command = [12, "anna", "", [[MAX_VALUE, extension]], 0, "", ""]
    with pytest.raises(Undecodable):
        codec.decode_batch(msgspec.msgpack.encode([1, "test", 1, [command]]))


def test_only_money_may_be_wide() -> None:
    """A quantity beyond 64 bits is no command of ours; a limit of one is read, and refused."""
    number = wide.extension_of(2**80)
    with pytest.raises(Undecodable):
        codec.decode_batch(msgspec.msgpack.encode([1, "test", 1, [[3, "anna", "ACME", "a-1", 0, 0, number, 1]]]))
    answered = Journaled().send(SetLimits("anna", "", [(MAX_LONG, 2**80)], 0))
    assert codec.decode_facts(answered.output.events).events == [[Rejected("bad_request", "max_long")]]


def test_the_largest_trade_is_stored_told_and_kept() -> None:
    """Its fees are as wide as its value: in EVENTS, in reports and answers, in a checkpoint and its successor."""
    journaled = traded()
    [trade] = [event for event in journaled.partition.engine.events if isinstance(event, Traded)]
    value = int(MOST) ** 2
    assert (trade.taker_fee, trade.maker_fee) == (value * UNIT, -value * UNIT // 2)

    assert journaled.ask("account", account="boris")["cash"] == str(-2 * value)
    assert journaled.ask("account", account="fees")["cash"] == str(value // 2) + ".5"
    copy = copied(journaled)
    theirs = copy.engine.order(2)
    assert theirs is not None
    assert theirs.fills == journaled.partition.engine.orders[2].fills
    assert copy.query(ACCOUNT) == journaled.partition.query(ACCOUNT)


def test_totals_beyond_64_bits_are_kept() -> None:
    """What rests at a price, what traded at one moment, what an account holds: sums of what has 63 bits each."""
    journaled = Journaled(replace(BIG, luld_tier=1))
    journaled.send(*[sell("anna", MOST, MOST, f"a-{number}") for number in range(10)])
    journaled.send(*[buy("boris", MOST, MOST, f"b-{number}") for number in range(5)])
    copy = copied(journaled)
    assert copy.engine.state() == journaled.partition.engine.state()
    assert journaled.partition.market_data.feeds["ACME"].quote[3] == 5 * int(MOST) * UNIT
    assert copy.market_data.feeds["ACME"].quote == journaled.partition.market_data.feeds["ACME"].quote


def test_limits_of_value_travel_as_wide_as_they_are() -> None:
    """In a listing, in an account's limits, and in the refusals that they give."""
    journaled = Journaled(BIG)
    listing = replace(BIG, min_value=2**70, max_value=VALUE_LARGEST)
    events = codec.decode_facts(
        journaled.send(
            ListInstrument(listing),
            SetLimits("anna", "", [(MAX_VALUE, 2**75)], 0),
            sell("anna", 1, 1, "a-1"),
            sell("anna", MOST, MOST, "a-2"),
        ).output.events
    ).events
    assert events[0] == [InstrumentListed(listing)]
    assert events[1] == [LimitsSet("anna", "", [(MAX_VALUE, 2**75)])]
    assert events[2] == [Rejected("value_too_small", "quantity", 2**70)]
    assert events[3] == [Rejected("value_too_large", "quantity", 2**75)]
