from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.commands import AmendOrder, CancelAll, CancelOrder, Command, ListInstrument, SetPhase
from exchange.instrument import Instrument
from exchange.terms import AUCTION, CONTINUOUS, IOC
from exchange.units import SECOND, UNIT
from streams.partition.partition import Partition
from streams.publication.deferred import REPORTS_PER_MESSAGE_MAX
from streams.publication.instrument_feed import RECENT_TRADES_MAX, ROWS_PER_FRAME_MAX
from streams.wire import codec
from tests.support.follower import Follower
from tests.support.journaled import ACME, Journaled, buy, order, sell, units
from tests.support.random_choices import Seeded, stories
from tests.support.random_commands import NARROW, PLAIN, Step
from tests.support.random_days import days

BETA = Instrument("BETA", [(0, UNIT // 2)], UNIT // 100)


def follow(journaled: Journaled, steps: list[Step]) -> Follower:
    """Listen to every command's frames and compare with the engine after each."""
    followers = {symbol: Follower(symbol) for symbol in ("ACME", "BETA")}
    for follower in followers.values():
        follower.hear(journaled.opening.frames)
    for step in steps:
        answered = journaled.take(step)
        for symbol, follower in followers.items():
            follower.hear(answered.frames)
            if symbol in journaled.partition.engine.books:
                follower.compare(journaled)
    return followers["ACME"]


@given(stories())
@settings(max_examples=80)
def test_frames_applied_to_an_empty_book_give_the_engine_s(story: list[Step]) -> None:
    """After every command levels, displayed orders, their order, the tape, the ticker and the checksum agree."""
    follow(Journaled(PLAIN, configure=NARROW), story)


@given(days())
@settings(max_examples=120)
def test_frames_of_a_trading_day_give_the_engine_s_books(day: list[Step]) -> None:
    """In calls, halts and limit states, over uncrosses, busts and new listings, the status too is what it is."""
    follow(Journaled(PLAIN, configure=NARROW), day)


@given(days(), st.integers(2, 5))
@settings(max_examples=60)
def test_a_status_that_is_told_once_in_a_message_is_right_at_its_end(day: list[Step], together: int) -> None:
    """Several commands travel in one message; what subscribers have after it is what a snapshot says."""
    journaled, follower = Journaled(PLAIN, configure=NARROW), Follower("ACME")
    follower.hear(journaled.opening.frames)
    for first in range(0, len(day), together):
        follower.hear(journaled.take(*day[first : first + together]).frames)
        if "ACME" in journaled.partition.engine.books:
            follower.compare(journaled)


@pytest.mark.parametrize("seed", range(3))
def test_a_deep_and_busy_book_stays_in_step(seed: int) -> None:
    """The same where both sides are deeper than the ten levels that the checksum covers."""
    journaled, choose = Journaled(), Seeded(seed)
    follower = follow(journaled, [busy_step(choose) for _ in range(400)])

    assert follower.seqs["book"] > 250
    assert all(len(levels) > 10 for levels in follower.sides.values())


def busy_step(choose: Seeded) -> Step:
    """Orders at fifty prices on each side of 100, most of which rest, and changes to them."""
    number = choose.number(1, 9)
    if number == 1:
        return Step(0, CancelOrder("", choose.number(1, 60)))
    if number == 2:
        price = choose.one_of((None, units(100) + choose.number(-5, 5) * UNIT // 100))
        return Step(0, AmendOrder("", choose.number(1, 60), price=price, quantity=units(choose.number(1, 40))))
    side, account = choose.number(0, 1), choose.one_of(("anna", "boris", "carla"))
    ticks = choose.number(-3, 50) * (1 if side else -1)
    display = choose.one_of((None, None, None, units(3)))
    placed = order(account, side, choose.number(3, 40), f"{(10_000 + ticks) / 100:.2f}", "", display_quantity=display)
    return Step(0, replace(placed, self_trade=number % 4))


def test_a_deep_book_has_the_checksum_of_its_top() -> None:
    """Levels that come, change and go above, among and below the ten best ones are all seen or left out rightly."""
    journaled, follower = Journaled(), Follower("ACME")
    follower.hear(journaled.opening.frames)

    def send(*commands: Command) -> None:
        for command in commands:
            follower.hear(journaled.send(command).frames)
            follower.compare(journaled)

    send(*[buy("anna", 1, 100 - n, f"a-{n}") for n in range(15)])
    send(buy("boris", 2, 88, "b-1"), buy("boris", 2, 91, "b-2"), CancelOrder("boris", 16), buy("boris", 2, 101, "b-3"))
    send(*[CancelOrder("anna", n) for n in (1, 14, 10, 15, 2)])
    send(buy("boris", 3, "99.5", "b-4"), sell("carla", 10, 90, "c-1"), CancelAll("anna"))


def test_one_command_tells_trades_then_orders_then_levels_then_the_ticker() -> None:
    """The order of a command's frames is fixed, and all carry the command's place in the journal."""
    journaled = Journaled()
    journaled.send(sell("anna", 5, "101.25", "a-1"))
    journaled.send(sell("boris", 5, "101.5", "b-1"))

    answered = journaled.send(buy("carla", 7, "101.50", "c-1"))

    assert answered.frames == [
        {
            "channel": "trades",
            "type": "update",
            "symbol": "ACME",
            "seq": 2,
            "prev": 0,
            "journal": "4.0",
            "trades": [
                {
                    "trade_id": 1,
                    "price": "101.25",
                    "quantity": "5",
                    "side": "buy",
                    "time": "2026-11-22T10:00:00.000000000Z",
                },
                {
                    "trade_id": 2,
                    "price": "101.50",
                    "quantity": "2",
                    "side": "buy",
                    "time": "2026-11-22T10:00:00.000000000Z",
                },
            ],
        },
        {
            "channel": "full",
            "type": "update",
            "symbol": "ACME",
            "seq": 3,
            "prev": 2,
            "journal": "4.0",
            "orders": [["done", "3-1", "sell", "101.25", "0"], ["change", "3-2", "sell", "101.50", "3"]],
        },
        {
            "channel": "book",
            "type": "update",
            "symbol": "ACME",
            "seq": 3,
            "prev": 2,
            "journal": "4.0",
            "bids": [],
            "asks": [["101.25", "0"], ["101.50", "3"]],
            "checksum": 3580109431,
        },
        {
            "channel": "ticker",
            "type": "update",
            "symbol": "ACME",
            "seq": 2,
            "prev": 1,
            "journal": "4.0",
            "bid": None,
            "bid_quantity": None,
            "ask": "101.50",
            "ask_quantity": "3",
            "last": "101.50",
            "last_quantity": "2",
            "time": "2026-11-22T10:00:00.000000000Z",
        },
    ]


def test_a_first_listing_is_announced_with_its_phase() -> None:
    """A new instrument is told of by its definition and then its phase; a later listing by the definition alone."""
    journaled = Journaled()

    first = [(frame["channel"], frame["seq"], frame["prev"]) for frame in journaled.opening.frames]
    again = [(frame["channel"], frame["seq"], frame["prev"]) for frame in journaled.send(ListInstrument(ACME)).frames]

    assert first == [("instruments", 1, 0), ("status", 1, 0)]
    assert again == [("instruments", 2, 1)]
    assert journaled.opening.frames[1] | {"journal": ""} == {
        "channel": "status",
        "type": "update",
        "symbol": "ACME",
        "seq": 1,
        "prev": 0,
        "journal": "",
        "phase": "continuous",
        "reason": None,
        "until": None,
        "kind": None,
        "indicative_price": None,
        "paired_quantity": None,
        "imbalance": None,
        "imbalance_side": None,
        "band_low": None,
        "band_high": None,
    }


def test_a_refused_listing_is_not_announced() -> None:
    """Nothing has changed, so nothing is told."""
    journaled = Journaled()

    answered = journaled.send(ListInstrument(replace(ACME, lot_size=0)))

    assert [code for code, _ in answered.results] == ["bad_request"]
    assert answered.frames == []


def test_numbers_are_printed_anew_when_a_listing_changes_their_decimals() -> None:
    """Every level is withdrawn as it was printed and stated again, so nobody keeps two of one level."""
    journaled, follower = Journaled(), Follower("ACME")
    follower.hear(journaled.opening.frames)
    for command in (buy("anna", 5, "100.25", "a-1"), buy("anna", 5, 100, "a-2"), sell("boris", 3, 101, "b-1")):
        follower.hear(journaled.send(command).frames)

    answered = journaled.send(ListInstrument(replace(ACME, ticks=[(0, UNIT // 10)], lot_size=UNIT // 10)))

    assert [frame["channel"] for frame in answered.frames] == ["instruments", "full", "book", "ticker"]
    full, book, ticker = answered.frames[1:]
    assert full["orders"] == [
        ["change", "3-1", "buy", "100.25", "5.0"],
        ["change", "3-2", "buy", "100.0", "5.0"],
        ["change", "3-3", "sell", "101.0", "3.0"],
    ]
    assert book["bids"] == [["100.25", "0"], ["100.00", "0"], ["100.25", "5.0"], ["100.0", "5.0"]]
    assert book["asks"] == [["101.00", "0"], ["101.0", "3.0"]]
    assert (ticker["bid"], ticker["ask"]) == ("100.25", "101.0")
    follower.hear(answered.frames)
    follower.compare(journaled)


def test_a_status_with_numbers_is_printed_anew_as_well() -> None:
    """The indicative price of a call has the decimals of the listing, in the frame as in a snapshot."""
    journaled, follower = Journaled(), Follower("ACME")
    follower.hear(journaled.opening.frames)
    follower.hear(journaled.send(SetPhase("ACME", AUCTION)).frames)
    follower.hear(journaled.send(buy("anna", 5, 100, "a"), sell("boris", 3, 100, "b")).frames)

    answered = journaled.send(ListInstrument(replace(ACME, ticks=[(0, UNIT // 10)])))

    assert [frame["indicative_price"] for frame in answered.channel("status")] == ["100.0"]
    follower.hear(answered.frames)
    follower.compare(journaled)


def test_what_a_call_did_before_the_listing_is_published_as_it_was_printed() -> None:
    """The call ends by its timer, right before the command: levels that it took are withdrawn as they were printed."""
    journaled, follower = Journaled(), Follower("ACME")
    follower.hear(journaled.opening.frames)
    ends = journaled.now + 10 * SECOND
    follower.hear(journaled.send(SetPhase("ACME", AUCTION, until=ends)).frames)
    follower.hear(
        journaled.send(buy("anna", 5, 100, "a"), sell("boris", 5, 100, "b"), sell("carla", 1, 101, "c")).frames
    )
    journaled.now = ends

    answered = journaled.send(ListInstrument(replace(ACME, ticks=[(0, UNIT // 10)])))

    assert len(answered.channel("trades")) == 1
    follower.hear(answered.frames)
    follower.compare(journaled)


def test_a_listing_with_the_same_decimals_prints_nothing_anew() -> None:
    """Other limits change no level."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, "100.25", "a-1"))

    answered = journaled.send(ListInstrument(replace(ACME, max_quantity=units(50))))

    assert [frame["channel"] for frame in answered.frames] == ["instruments"]


def test_what_shows_nothing_publishes_nothing() -> None:
    """Refusals, repeats, orders that find nothing, and an amended reserve leave the public in peace."""
    journaled = Journaled()
    iceberg = buy("anna", 50, 100, "a-1", display_quantity=units(5))
    journaled.send(iceberg)

    answered = journaled.send(
        iceberg,
        buy("boris", 5, "100.001", "b-1"),
        sell("boris", 5, 101, "b-2", time_in_force=IOC),
        AmendOrder("anna", 1, quantity=units(40)),
    )

    assert [code for code, _ in answered.results] == ["", "price_off_tick", "", ""]
    assert answered.frames == []


def test_an_iceberg_shows_its_next_part_as_another_order_at_the_end() -> None:
    """Its shown part is done and opened again behind all others; the level's total is what is displayed."""
    journaled = Journaled()
    journaled.send(sell("anna", 30, 100, "a-1", display_quantity=units(10)), sell("boris", 5, 100, "b-1"))

    answered = journaled.send(buy("carla", 12, 100, "c-1"))

    assert answered.channel("full")[0]["orders"] == [
        ["done", "3-1", "sell", "100.00", "0"],
        ["open", "3-1", "sell", "100.00", "10"],
        ["change", "3-2", "sell", "100.00", "3"],
    ]
    assert answered.channel("book")[0]["asks"] == [["100.00", "13"]]


def test_canceling_in_two_instruments_tells_each_of_its_own() -> None:
    """One command may move several instruments: each has its own frames and numbers."""
    journaled = Journaled(ACME, BETA)
    journaled.send(buy("anna", 5, 100, "a-1"), buy("anna", 5, 100, "a-2", symbol="BETA"))

    answered = journaled.send(CancelAll("anna"))

    assert [(frame["symbol"], frame["channel"], frame["seq"]) for frame in answered.frames] == [
        (symbol, channel, 2) for symbol in ("ACME", "BETA") for channel in ("full", "book", "ticker")
    ]
    assert [frame["bids"] for frame in answered.channel("book")] == [[["100.00", "0"]], [["100.0", "0.00"]]]
    assert [frame["checksum"] for frame in answered.channel("book")] == [0, 0]


def test_the_tape_is_remembered_up_to_a_bound() -> None:
    """Of more trades than the bound the oldest are forgotten; their numbers go on."""
    journaled = Journaled()
    journaled.send(*[sell("anna", 3, 100, f"a-{n}") for n in range(400)])
    journaled.send(buy("boris", 1, 100, "b-0"), *[buy("boris", 3, 100, f"b-{n}") for n in range(1, 400)])
    journaled.send(*[sell("anna", 1, 100, f"c-{n}") for n in range(300)])
    journaled.send(*[buy("boris", 1, 100, f"d-{n}") for n in range(300)])

    snapshot = journaled.ask("trades", symbol="ACME", limit=RECENT_TRADES_MAX + 1)

    assert len(snapshot["trades"]) == RECENT_TRADES_MAX
    assert snapshot["trades"][-1]["trade_id"] == snapshot["seq"] > RECENT_TRADES_MAX


def test_an_uncross_is_told_in_frames_of_a_bounded_size() -> None:
    """One command may make more trades than a message holds: the tape and the orders go on from frame to frame."""
    journaled, follower = Journaled(), Follower("ACME")
    follower.hear(journaled.opening.frames)
    follower.hear(journaled.send(SetPhase("ACME", AUCTION)).frames)
    orders = [
        place("anna" if place is buy else "boris", 1, 100, f"o-{number}")
        for number in range(ROWS_PER_FRAME_MAX + 1)
        for place in (buy, sell)
    ]
    for first in range(0, len(orders), codec.COMMANDS_MAX):
        follower.hear(journaled.send(*orders[first : first + codec.COMMANDS_MAX]).frames)

    answered = journaled.send(SetPhase("ACME", CONTINUOUS))

    follower.hear(answered.frames)
    follower.compare(journaled)
    assert [len(frame["trades"]) for frame in answered.channel("trades")] == [ROWS_PER_FRAME_MAX, 1]
    assert [len(frame["orders"]) for frame in answered.channel("full")] == [ROWS_PER_FRAME_MAX, ROWS_PER_FRAME_MAX, 2]
    assert answered.frames[0]["channel"] == "status"
    parts = [len(codec.decode_reports(data).reports) for subject, data in answered.messages if subject == "exec.anna"]
    assert parts == [REPORTS_PER_MESSAGE_MAX, 1]
    skimmed = Partition(3)
    for entry in journaled.journal:
        skimmed.skim(*entry)
    assert skimmed.market_data.feeds["ACME"].numbers() == journaled.partition.market_data.feeds["ACME"].numbers()


def test_market_orders_that_meet_alone_are_on_the_tape() -> None:
    """They were never displayed, so nothing changes but tape and ticker."""
    journaled = Journaled(replace(ACME, reference_price=units(100)))
    journaled.send(SetPhase("ACME", AUCTION), buy("anna", 2, None, "a-1"), sell("boris", 2, None, "b-1"))

    answered = journaled.send(SetPhase("ACME", CONTINUOUS))

    assert [frame["channel"] for frame in answered.frames] == ["status", "trades", "ticker"]
    assert answered.channel("trades")[0]["trades"][0]["price"] == "100.00"
