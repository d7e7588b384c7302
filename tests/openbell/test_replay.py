"""openbell/replay/: recorded order flow becomes orders, and the book they make is the recorded one."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exchange.commands import Command
from exchange.engine import Engine
from exchange.events import Rejected
from exchange.units import UNIT
from openbell.bench.flow import LISTING, SYMBOL, command_of
from openbell.errors import Fault
from openbell.replay import lobster
from openbell.replay.comparison import compare
from openbell.replay.lobster import BUY, SELL, LobsterMessage, Opening, OpeningLevel, Top
from openbell.replay.plan import Action, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable

DATA = Path(os.environ.get("OPENBELL_DATA", Path(__file__).parents[3] / "shared" / "data")) / "lobster"
HOUR = DATA / "AAPL_2012-06-21_message_50.0930-1030.csv.gz"
TOPS = DATA / "AAPL_2012-06-21_orderbook_L1.0930-1030.csv.gz"
OPENING = DATA / "AAPL_2012-06-21_orderbook_L50.first672.csv.gz"

needs_data = pytest.mark.skipif(not HOUR.exists(), reason="the LOBSTER sample is not here (OPENBELL_DATA)")


class EngineReplay:
    """An engine that carries out actions."""

    def __init__(self) -> None:
        self.engine = Engine()
        self.refused: list[Rejected] = []
        self._sequence = 0
        self._apply(LISTING)

    def carry_out(self, action: Action) -> None:
        self._apply(command_of(action))

    def _apply(self, command: Command) -> None:
        self._sequence += 1
        events = self.engine.apply(command, self._sequence, self._sequence)
        self.refused += [event for event in events if isinstance(event, Rejected)]

    def top(self) -> Top:
        bids, asks = self.engine.books[SYMBOL].sides
        ((ask, ask_size),) = asks.depth(1) or [(0, 0)]
        ((bid, bid_size),) = bids.depth(1) or [(0, 0)]
        scale = UNIT // lobster.PRICE_SCALE
        return Top(ask // scale, ask_size // UNIT, bid // scale, bid_size // UNIT)


def told(actions: Iterable[Action]) -> list[str]:
    """Actions as sentences."""
    return [" ".join(str(part) for part in _parts(action)) for action in actions]


def _parts(action: Action) -> tuple[object, ...]:
    if action.method == "cancel":
        return action.method, action.name
    if action.method == "amend":
        return action.method, action.name, "to", action.quantity
    side = "buy" if action.side == BUY else "sell"
    return action.method, action.name, side, action.quantity, "at", action.price


@pytest.fixture
def plan() -> Plan:
    plan = Plan()
    plan.opening([OpeningLevel(SELL, 101, 50), OpeningLevel(BUY, 99, 30)])
    return plan


def message(
    kind: int, order_id: str = "a", size: int = 10, price: int = 101, side: int = SELL, row: int = 1
) -> LobsterMessage:
    return LobsterMessage(row, kind, order_id, size, price, side)


def test_opening_levels_are_orders(plan: Plan) -> None:
    """Each level of the opening book is one resting order."""
    assert told(Plan().opening([OpeningLevel(SELL, 101, 50)])) == ["place opening-ask-101 sell 50 at 101"]
    assert plan.top() == Top(101, 50, 99, 30)


def test_messages_become_orders(plan: Plan) -> None:
    """A submission rests, a reduction is an amend to the new total, a deletion a cancel."""
    assert told(plan.actions(message(lobster.SUBMITTED, price=100))) == ["place a sell 10 at 100"]
    assert told(plan.actions(message(lobster.REDUCED, size=4, price=100))) == ["amend a to 6"]
    assert told(plan.actions(message(lobster.DELETED, size=6, price=100))) == ["cancel a"]
    assert plan.top() == Top(101, 50, 99, 30)


def test_execution_is_an_incoming_order_of_the_other_side(plan: Plan) -> None:
    """It buys where the resting order sells, at its price and size, and fills what is first there."""
    plan.actions(message(lobster.SUBMITTED, price=100))
    assert told(plan.actions(message(lobster.EXECUTED, size=4, price=100, row=2))) == ["take take-2 buy 4 at 100"]
    assert plan.top() == Top(100, 6, 99, 30)
    assert plan.out_of_priority == []


def test_amend_after_a_fill_names_the_new_total(plan: Plan) -> None:
    """What has been filled stays part of an order's total."""
    plan.actions(message(lobster.SUBMITTED, price=100))
    plan.actions(message(lobster.EXECUTED, size=4, price=100))
    assert told(plan.actions(message(lobster.REDUCED, size=1, price=100))) == ["amend a to 9"]
    assert plan.top() == Top(100, 5, 99, 30)


def test_unknown_orders_are_those_of_the_opening(plan: Plan) -> None:
    """An event on an order from before the file takes from the opening order at its price."""
    assert told(plan.actions(message(lobster.DELETED, "old", size=20))) == ["amend opening-ask-101 to 30"]
    assert told(plan.actions(message(lobster.EXECUTED, "old", size=30, row=3))) == ["take take-3 buy 30 at 101"]
    assert plan.top() == Top(0, 0, 99, 30)


def test_orders_never_shown_are_counted(plan: Plan) -> None:
    """Where the file never showed anything there is nothing to do."""
    assert plan.actions(message(lobster.DELETED, "old", price=150)) == []
    assert plan.counts["about orders that the file never showed"] == 1


@pytest.mark.parametrize("kind", [lobster.EXECUTED_HIDDEN, lobster.HALTED])
def test_what_does_not_touch_the_displayed_book_is_counted(plan: Plan, kind: int) -> None:
    """Hidden executions and halts send nothing."""
    assert plan.actions(message(kind)) == []
    assert plan.counts["without effect on the displayed book"] == 1


def test_execution_out_of_priority_keeps_the_level_right(plan: Plan) -> None:
    """When a later order is executed first, what the first one lost is taken from the later one's surplus."""
    plan.actions(message(lobster.SUBMITTED, "first", size=10, price=100))
    plan.actions(message(lobster.SUBMITTED, "later", size=8, price=100))
    plan.actions(message(lobster.EXECUTED, "later", size=6, price=100, row=7))
    assert plan.out_of_priority == [7]
    assert plan.top().ask_size == 12
    assert told(plan.actions(message(lobster.DELETED, "first", size=10, price=100))) == [
        "cancel first",
        "amend later to 2",
    ]
    assert plan.top().ask_size == 2
    assert told(plan.actions(message(lobster.DELETED, "later", size=2, price=100))) == ["cancel later"]


def test_opening_is_the_first_row_without_the_first_message(tmp_path: Path) -> None:
    """The first row is the book after the first message, which is undone; absent levels are left out."""
    path = tmp_path / "book.csv.gz"
    path.write_bytes(gzip.compress(b"1010000,5,1000000,18,9999999999,0,990000,7\n"))
    first = message(lobster.SUBMITTED, size=18, price=1_000_000, side=BUY)
    assert lobster.read_opening(path, first) == Opening(
        2, [OpeningLevel(SELL, 1_010_000, 5), OpeningLevel(BUY, 990_000, 7)]
    )


@pytest.mark.parametrize("kind", [lobster.REDUCED, lobster.DELETED, lobster.EXECUTED])
def test_a_file_may_begin_with_what_takes_shares_away(tmp_path: Path, kind: int) -> None:
    """They are put back, also at a price that is gone with them."""
    path = tmp_path / "book.csv"
    path.write_text("1010000,5,1000000,18\n")

    at_a_level = lobster.read_opening(path, message(kind, size=2, price=1_010_000, side=SELL))
    at_a_price_that_is_gone = lobster.read_opening(path, message(kind, size=2, price=1_005_000, side=SELL))

    assert at_a_level.levels == [OpeningLevel(SELL, 1_010_000, 7), OpeningLevel(BUY, 1_000_000, 18)]
    assert sorted(at_a_price_that_is_gone.levels) == [
        OpeningLevel(SELL, 1_005_000, 2),
        OpeningLevel(SELL, 1_010_000, 5),
        OpeningLevel(BUY, 1_000_000, 18),
    ]


@pytest.mark.parametrize("kind", [lobster.EXECUTED_HIDDEN, lobster.CROSSED, lobster.HALTED, 99])
def test_a_file_may_begin_with_what_leaves_the_displayed_book_alone(tmp_path: Path, kind: int) -> None:
    """A hidden execution, an auction's trade, a halt, or something nobody knows."""
    path = tmp_path / "book.csv"
    path.write_text("1010000,5,1000000,18\n")

    opening = lobster.read_opening(path, message(kind, size=2, price=1_010_000, side=SELL))

    assert opening.levels == [OpeningLevel(SELL, 1_010_000, 5), OpeningLevel(BUY, 1_000_000, 18)]


def test_the_book_after_each_message_is_the_recorded_one_whatever_comes_first(tmp_path: Path) -> None:
    """Each way to begin, from the files to the reference book."""
    book = "1010000,5,1000000,18\n"
    for first, before in (
        ("1,1,a,18,1000000,1", 0),
        ("1,3,a,4,1000000,1", 22),
        ("1,4,a,4,1000000,1", 22),
        ("1,5,0,4,1000000,1", 18),
        ("1,7,0,0,-1,-1", 18),
    ):
        (tmp_path / "book.csv").write_text(book)
        (tmp_path / "messages.csv").write_text(first + "\n")
        [only] = lobster.read_messages(tmp_path / "messages.csv")
        plan = Plan()
        plan.opening(lobster.read_opening(tmp_path / "book.csv", only).levels)
        assert plan.top().bid_size == before
        plan.actions(only)
        assert [plan.top()] == lobster.read_tops(tmp_path / "book.csv")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("36000.25,1,4711,30,1002500,1\n36000.5,3,4711\n", r"line 2: a row has at least 6 cells .*, not 3"),
        ("36000.25,1,4711,many,1002500,1\n", r"line 1: invalid literal for int\(\) with base 10: 'many'"),
        ("<html>\n", "line 1: a row has at least 6 cells"),
        (b"\xff\xfe", "line 1: 'utf-8' codec can't decode"),
    ],
)
def test_what_is_no_file_of_messages_is_named_with_its_line(
    tmp_path: Path, content: bytes | str, sentence: str
) -> None:
    """File, line and reason, without a traceback."""
    path = tmp_path / "messages.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(Fault, match=sentence) as fault:
        lobster.read_messages(path)

    assert fault.value.what.startswith(str(path))


def test_a_compressed_file_that_is_cut_short_is_named(tmp_path: Path) -> None:
    """As it comes when a download has ended early."""
    path = tmp_path / "messages.csv.gz"
    path.write_bytes(gzip.compress(b"36000.25,1,4711,30,1002500,1\n" * 1000)[:60])

    with pytest.raises(Fault, match=r"line \d+: Compressed file ended"):
        lobster.read_messages(path)


def test_a_book_whose_cells_are_not_four_for_each_level_is_named(tmp_path: Path) -> None:
    """A file of messages given as a book, say."""
    path = tmp_path / "book.csv"
    path.write_text("36000.25,1,4711,30,1002500,1\n")

    with pytest.raises(Fault, match="line 1: 6 cells are not four for each level"):
        lobster.read_tops(path)


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        (message(99), "passed over: of type 99, which is not known"),
        (message(lobster.SUBMITTED, size=0), "passed over: without a size, a price or a side"),
        (message(lobster.DELETED, side=0), "passed over: without a size, a price or a side"),
        (message(lobster.CROSSED), "without effect on the displayed book"),
    ],
)
def test_what_cannot_be_used_is_passed_over_and_counted(plan: Plan, given: LobsterMessage, counted: str) -> None:
    """It sends nothing, and the report says how many there were."""
    assert plan.actions(given) == []
    assert plan.counts == {counted: 1}


def test_files_are_read_plain_or_compressed(tmp_path: Path) -> None:
    """Messages count from 1; a side without a level is zeros."""
    messages, tops = tmp_path / "messages.csv", tmp_path / "tops.csv"
    messages.write_text("36000.25,1,4711,30,1002500,1\n36000.5,3,4711,30,1002500,1\n")
    tops.write_text("1003500,200,-9999999999,0\n")
    assert lobster.read_messages(messages)[1] == LobsterMessage(2, lobster.DELETED, "4711", 30, 1_002_500, BUY)
    assert lobster.read_tops(tops) == [Top(1_003_500, 200, 0, 0)]


def vanished_below_the_window() -> tuple[Opening, list[LobsterMessage], list[Top]]:
    """An order enters in sight, is left below the window of one level, and is gone when prices come back."""
    opening = Opening(1, [OpeningLevel(SELL, 110, 5), OpeningLevel(BUY, 90, 5)])
    messages = [
        message(lobster.SUBMITTED, "kept", 7, 100, BUY, row=1),
        message(lobster.SUBMITTED, "over", 3, 105, BUY, row=2),
        message(lobster.DELETED, "over", 3, 105, BUY, row=3),
    ]
    recorded = [Top(110, 5, 100, 7), Top(110, 5, 105, 3), Top(110, 5, 90, 5)]
    return opening, messages, recorded


def test_difference_by_an_order_out_of_sight_is_explained() -> None:
    """An order whose level the file did not show for a while may have ended unseen."""
    opening, messages, recorded = vanished_below_the_window()
    shown = [*recorded[:2], Top(110, 5, 100, 7)]
    comparison = compare(messages, opening, recorded, shown)
    assert (comparison.rows, comparison.equal, comparison.unexplained) == (3, 2, 0)
    assert comparison.differences[0].why.startswith(
        "bid 7 at 0.0100 is order kept, entered in row 1; in row 2 its level"
    )


def test_difference_of_the_exchange_is_not_explained() -> None:
    """What the orders themselves do not lead to is a fault, whatever the file may have missed."""
    opening, messages, recorded = vanished_below_the_window()
    shown = [*recorded[:2], Top(110, 5, 100, 6)]
    assert compare(messages, opening, recorded, shown).unexplained == 1


def test_difference_in_plain_sight_is_not_explained() -> None:
    """An order that the file showed all the time has no excuse."""
    opening, messages, recorded = vanished_below_the_window()
    recorded[0] = Top(110, 5, 90, 5)
    shown = [Top(110, 5, 100, 7), recorded[1], Top(110, 5, 100, 7)]
    assert [bool(row.why) for row in compare(messages, opening, recorded, shown).differences] == [False, True]


@needs_data
def test_hour_of_nasdaq_through_the_engine() -> None:
    """The engine's best prices and sizes are the recorded ones on 91,907 of 91,997 rows; each other is explained."""
    messages, recorded = lobster.read_messages(HOUR), lobster.read_tops(TOPS)
    opening = lobster.read_opening(OPENING, messages[0])
    plan, replay, shown = Plan(), EngineReplay(), []
    for action in plan.opening(opening.levels):
        replay.carry_out(action)
    for event in messages:
        for action in plan.actions(event):
            replay.carry_out(action)
        shown.append(replay.top())
    comparison = compare(messages, opening, recorded, shown)
    assert replay.refused == []
    assert (comparison.rows, comparison.equal, comparison.unexplained) == (91_997, 91_907, 0)
    assert len(plan.out_of_priority) == 28
