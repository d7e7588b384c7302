"""Reading is linear in what is sent: twice the bytes cost at most about twice the work, whatever is in them.

Work is counted, not timed: every call made while reading counts one, and a call of a method that goes through what it
is bound to (`list.count`, `bytes.split`) counts the length of that as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from gateway.errors import ApiError
from gateway.feeds.accounts import distinct
from gateway.feeds.subscriptions import Key, Options, SubscribeParams
from gateway.frames import TEXT, FrameReader
from gateway.http.market_routes import NoQuery
from gateway.requests import protocol
from gateway.websocket.session_subscriptions import SessionSubscriptions
from tests.gateway.test_frames import masked
from tests.support.gateway import Trader
from tests.support.memory import no_collections

if TYPE_CHECKING:
    from gateway.services import Services

MEMBERS = 1_500
GROWTH_MAX = 2.3
"""Twice the bytes may cost this many times the work: what is linear costs 2, what is quadratic 4."""

AT_ONCE = {"append", "extend", "pop", "startswith", "endswith"}
"""Methods of sequences whose cost does not follow the length of what they are bound to."""


class Work:
    """Counts the work done within `with`."""

    def __init__(self) -> None:
        self.done = 0

    def __enter__(self) -> Work:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _note(self, _frame: object, event: str, called: Any) -> None:
        if event == "call":
            self.done += 1
        elif event == "c_call":
            bound = getattr(called, "__self__", None)
            self.done += 1
            if isinstance(bound, str | bytes | bytearray | list | tuple) and called.__name__ not in AT_ONCE:
                self.done += len(bound)


def work_of(read: Callable[[], object]) -> int:
    """The work of one reading, refused or not; a collection of what other tests left is none of it."""
    with no_collections(), Work() as work, suppress(ApiError):
        read()
    return work.done


def members(count: int) -> str:
    """So many different members of an object, and the last of them once more."""
    return ",".join(f'"m{number}":1' for number in range(count)) + f',"m{count - 1}":1'


def rows(count: int) -> str:
    """So many objects in a list, the last with a member twice."""
    return ",".join('{"a":1,"b":2}' for _ in range(count)) + ',{"a":1,"a":2}'


def symbols(count: int) -> str:
    """So many symbols in a list."""
    return ",".join(f'"S{number}"' for number in range(count))


SHAPES: dict[str, tuple[str, Callable[[int], str]]] = {
    "members of the frame": ('{"id":1,"method":"ping",…}', members),
    "members without a frame": ("{…}", members),
    "members of the params": ('{"id":1,"method":"order.cancel_all","params":{…}}', members),
    "members of an order": ('{"id":1,"method":"order.place","params":{…}}', members),
    "members deep inside": ('{"id":1,"method":"ping","params":{"x":{"y":{…}}}}', members),
    "rows": ('{"id":1,"method":"order.batch","params":{"requests":[…]}}', rows),
    "rows that are members": ('{"id":1,"method":"order.batch","params":{"requests":[{…}]}}', members),
    "symbols": ('{"id":1,"method":"unsubscribe","params":{"channel":"book","symbols":[…]}}', symbols),
    "escapes": ('{"id":"…","method":"ping"}', r"\u0061".__mul__),
    "colons": ('{"id":"…","method":"order.cancel","params":{"order_id":"0-1"}}', ":".__mul__),
    "quotes": ('{"id":1,"method":"ping","params":{"x":[…0]}}', '"",'.__mul__),
    "depth": ('{"id":1,"method":"ping","params":…', '{"a":'.__mul__),
    "digits of an id": ('{"id":…,"method":"ping"}', "7".__mul__),
    "digits of a number": ('{"id":1,"method":"order.cancel_after","params":{"seconds":…}}', "8".__mul__),
    "digits of a price": ('{"id":1,"method":"order.amend","params":{"order_id":"0-1","price":"…"}}', "9".__mul__),
    "characters of a time": ('{"id":1,"method":"order.amend","params":{"order_id":"0-1","expires":"…"}}', "1".__mul__),
    "characters of a token": ('{"id":1,"method":"login","params":{"token":"…"}}', "a.".__mul__),
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_a_frame_is_read_in_linear_time(services: Services, shape: str) -> None:
    """Through a session, from the frame to its answer."""
    frame_with, content = SHAPES[shape]

    def cost(count: int) -> int:
        viewer = Trader(services)
        frame = frame_with.replace("…", content(count)).encode()
        return work_of(lambda: viewer.session.accept(frame))

    cost(MEMBERS)
    assert cost(2 * MEMBERS) <= GROWTH_MAX * cost(MEMBERS)


@pytest.mark.parametrize("alike", [1, 2, 10_000])
def test_a_query_is_read_in_linear_time(alike: int) -> None:
    """A URL with many parameters, so many of them of one name."""

    def cost(count: int) -> int:
        query = [(f"n{number // alike}", "1") for number in reversed(range(count))]
        return work_of(lambda: protocol.query_of(query, NoQuery))

    assert cost(2 * MEMBERS) <= GROWTH_MAX * cost(MEMBERS)


class Piece(bytes):
    """Bytes that count what has to be copied to put them behind others."""

    copied = 0

    def __radd__(self, before: bytes) -> bytes:
        Piece.copied += len(before) + len(self)
        return bytes(before) + bytes(self)


def test_a_frame_in_single_bytes_is_not_copied_for_each() -> None:
    """What has arrived of a frame is not copied again with each byte that follows."""
    frame = masked(b"x" * 4_000)
    reader = FrameReader(65_536, 1_048_576)
    with Work() as work:
        told = [message for place in range(len(frame)) for message in reader.feed(Piece(frame[place : place + 1]))]
    assert [(message.kind, message.payload) for message in told] == [(TEXT, b"x" * 4_000)]
    assert Piece.copied < 4 * len(frame)
    assert work.done < 20 * len(frame)


class Compared(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    __hash__ = str.__hash__
    times = 0

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return str.__eq__(self, other)


async def test_unsubscribing_many_compares_each_name_once(services: Services) -> None:
    """The symbols of a request are not gone through again for each subscription held."""
    held = SessionSubscriptions(services, Trader(services).outbox)
    held.add([Key("book", f"S{number}") for number in range(400)], Options())
    names: list[str] = [Compared(f"N{number}") for number in range(400)]
    Compared.times = 0
    held.end(SubscribeParams(channel="book", symbols=names), "")
    assert len(held) == 400
    assert Compared.times < 4 * 400


def test_rows_of_many_partitions_are_told_once_without_comparing_all_with_all() -> None:
    """An account's limits and the kill switches come from every partition, most of them alike."""
    rows = [{"account": Compared(f"a{number % 300}"), "symbol": None} for number in range(600)]
    Compared.times = 0
    assert len(distinct(rows)) == 300
    assert Compared.times < 4 * 600
