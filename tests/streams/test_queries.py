import json

import msgspec
import pytest

from exchange.commands import CancelOrder
from exchange.instrument import Instrument
from exchange.units import UNIT
from streams.wire import codec
from tests.support.journaled import ACME, Journaled, buy, sell

BETA = Instrument("BETA", [(0, UNIT // 2)], UNIT // 100, collar_bps=125_050, reference_price=20 * UNIT)


@pytest.fixture
def journaled() -> Journaled:
    """Two instruments; in ACME 5 and 3 are bid at 100 and 99, 4 offered at 101 of which 1 has traded."""
    journaled = Journaled(ACME, BETA)
    journaled.send(buy("anna", 5, 100, "a-1"), buy("anna", 3, 99, "a-2"), sell("boris", 4, 101, "b-1"))
    journaled.send(buy("carla", 1, 101, "c-1"))
    return journaled


def test_book_gives_all_levels(journaled: Journaled) -> None:
    """A snapshot goes on from the number of the last update and names the last command that it includes."""
    assert journaled.ask("book", symbol="ACME") == {
        "channel": "book",
        "type": "snapshot",
        "symbol": "ACME",
        "seq": 4,
        "journal": "3.0",
        "bids": [["100.00", "5"], ["99.00", "3"]],
        "asks": [["101.00", "3"]],
        "checksum": 2402781794,
    }


def test_full_gives_all_displayed_orders(journaled: Journaled) -> None:
    """Bids come before asks, each in the order in which they would trade."""
    full = journaled.ask("full", symbol="ACME")

    assert (full["type"], full["seq"]) == ("snapshot", 4)
    assert full["orders"] == [
        ["open", "3-1", "buy", "100.00", "5"],
        ["open", "3-2", "buy", "99.00", "3"],
        ["open", "3-3", "sell", "101.00", "3"],
    ]


def test_trades_give_a_page_of_the_tape(journaled: Journaled) -> None:
    """The latest trades, or those before one, oldest first; the number is the last trade's either way."""
    journaled.send(buy("carla", 1, 101, "c-2"), buy("carla", 1, 101, "c-3"))

    def ids(**page: int) -> list[int]:
        snapshot = journaled.ask("trades", symbol="ACME", **page)
        assert snapshot["seq"] == 3
        return [trade["trade_id"] for trade in snapshot["trades"]]

    assert ids() == [1, 2, 3]
    assert ids(limit=2) == [2, 3]
    assert ids(limit=2, before=3) == [1, 2]
    assert ids(before=1) == []


def test_ticker_gives_best_prices_and_last_trade(journaled: Journaled) -> None:
    """It shows what the last update showed."""
    ticker = journaled.ask("ticker", symbol="ACME")

    assert ticker.pop("time") == "2026-11-22T10:00:00.000000000Z"
    assert ticker == {
        "channel": "ticker",
        "type": "snapshot",
        "symbol": "ACME",
        "seq": 3,
        "journal": "3.0",
        "bid": "100.00",
        "bid_quantity": "5",
        "ask": "101.00",
        "ask_quantity": "3",
        "last": "101.00",
        "last_quantity": "1",
    }


def test_a_ticker_of_nothing_is_null() -> None:
    """Before the first order there is no price and no time."""
    ticker = Journaled().ask("ticker", symbol="ACME")

    empty = {name for name, value in ticker.items() if value is None}
    assert empty == {"bid", "bid_quantity", "ask", "ask_quantity", "last", "last_quantity", "time"}
    assert ticker["seq"] == 0


def test_status_gives_the_phase(journaled: Journaled) -> None:
    """An instrument without a calendar is in continuous trading."""
    status = journaled.ask("status", symbol="BETA")

    assert (status["phase"], status["reason"], status["until"]) == ("continuous", None, None)


def test_instruments_give_every_definition(journaled: Journaled) -> None:
    """Limits that are not set are null, the smallest quantity is a lot, basis points have their decimals."""
    acme, beta = journaled.ask("instruments")

    assert acme == {
        "symbol": "ACME",
        "tick_size": "0.01",
        "ticks": [{"from": "0.00", "tick": "0.01"}],
        "lot_size": "1",
        "min_quantity": "1",
        "max_quantity": None,
        "min_price": None,
        "max_price": None,
        "min_value": None,
        "max_value": None,
        "collar_bps": None,
        "max_open_orders": 100_000,
        "reference_price": None,
        "static_band_bps": None,
        "dynamic_band_bps": None,
        "luld": None,
        "call_seconds": 300,
        "call_random_seconds": 0,
        "call_extensions": 1,
        "maker_bps": "0",
        "taker_bps": "0",
        "cross_bps": "0",
        "calendar": None,
        "partition": 3,
    }
    assert (beta["tick_size"], beta["lot_size"], beta["collar_bps"]) == ("0.5", "0.01", "1250.5")
    assert beta["reference_price"] == "20.0"


@pytest.mark.parametrize("kind", ["book", "full", "trades", "ticker", "status"])
def test_an_instrument_that_is_not_listed_is_unknown(journaled: Journaled, kind: str) -> None:
    """Every channel answers so, in the shape of all errors."""
    code, body = journaled.ask_for_answer(kind, symbol="NONE")

    assert code == body["code"] == "unknown_instrument"
    assert body["field"] == "symbol"
    assert body["message"]


def test_an_order_is_found_by_either_name(journaled: Journaled) -> None:
    """By its id or its client order id, open or done; fills are told in the answer to a placement alone."""
    done = journaled.ask("order", account="carla", order_id=4)

    assert (done["order_id"], done["status"], "fills" in done) == ("3-4", "filled", False)
    assert journaled.ask("by_client_id", account="carla", symbol="ACME", client_order_id="c-1") == done


@pytest.mark.parametrize(
    ("kind", "arguments", "field"),
    [
        ("order", {"account": "anna", "order_id": 99}, "order_id"),
        ("order", {"account": "boris", "order_id": 1}, "order_id"),
        ("by_client_id", {"account": "anna", "symbol": "ACME", "client_order_id": "b-1"}, "client_order_id"),
        ("by_client_id", {"account": "anna", "symbol": "NONE", "client_order_id": "a-1"}, "client_order_id"),
    ],
)
def test_what_is_not_there_or_not_theirs_is_unknown(
    journaled: Journaled, kind: str, arguments: dict[str, object], field: str
) -> None:
    """Another account's order cannot be told from one that does not exist."""
    code, body = journaled.ask_for_answer(kind, **arguments)

    assert (code, body["field"]) == ("unknown_order", field)


def test_open_orders_come_in_pages(journaled: Journaled) -> None:
    """Oldest first, from the one after the last of the page before, of one instrument or of all."""
    journaled.send(buy("anna", 1, 20, "a-3", symbol="BETA"), buy("anna", 1, 98, "a-4"))

    def names(**page: object) -> list[str]:
        answer = journaled.ask("open_orders", account="anna", **page)
        return [order["client_order_id"] for order in answer["orders"]]

    assert names() == ["a-1", "a-2", "a-3", "a-4"]
    assert names(symbol="ACME") == ["a-1", "a-2", "a-4"]
    assert names(limit=2) == ["a-1", "a-2"]
    assert names(limit=2, after=2) == ["a-3", "a-4"]
    assert names(after=6) == []


def test_a_page_of_open_orders_is_bounded(journaled: Journaled) -> None:
    """However many are asked for, a page has its largest size."""
    journaled.partition.queries.orders_max = 1

    assert len(journaled.ask("open_orders", account="anna", limit=1_000_000)["orders"]) == 1


def test_an_orders_snapshot_tells_how_far_it_goes(journaled: Journaled) -> None:
    """The open orders, the number of the last report that they include, and the cursor to resume from."""
    snapshot = journaled.ask("orders_snapshot", account="boris")

    assert [order["order_id"] for order in snapshot.pop("orders")] == ["3-3"]
    assert snapshot == {"partition": 3, "seq": 2, "cursor": "3-2"}
    assert journaled.ask("orders_snapshot", account="nobody") == {
        "partition": 3,
        "seq": 0,
        "cursor": "3-0",
        "orders": [],
    }


def test_reports_since_one_are_the_very_frames(journaled: Journaled) -> None:
    """What a session missed is what it would have got."""
    sent = journaled.send(CancelOrder("anna", 1)).reports["anna"]

    assert journaled.ask("reports", account="anna", after=2) == {"reports": sent}
    assert len(journaled.ask("reports", account="anna", after=0)["reports"]) == 3
    assert journaled.ask("reports", account="anna", after=3) == {"reports": []}
    assert journaled.ask("reports", account="nobody", after=0) == {"reports": []}


def test_reports_that_were_never_made_need_a_snapshot(journaled: Journaled) -> None:
    """A cursor from beyond the end belongs to another history."""
    assert journaled.ask_for_answer("reports", account="anna", after=9)[0] == "snapshot_required"


def test_who_asks_may_know_more(journaled: Journaled) -> None:
    """Somebody who has had later reports had them of another leader; nobody else shows that we are behind."""

    def behind(kind: str, **arguments: str | int) -> bool:
        return journaled.partition.queries.is_behind(codec.encode_query(kind, arguments))

    assert behind("reports", account="anna", after=9)
    assert not behind("reports", account="anna", after=0)
    assert not behind("orders_snapshot", account="anna", after=9)
    assert not behind("nonsense")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"",
        b"nonsense",
        msgspec.msgpack.encode([1, "book"]),
        msgspec.msgpack.encode([2, "book", {"symbol": "ACME"}]),
        msgspec.msgpack.encode([1, "nothing", {}]),
        msgspec.msgpack.encode([1, "book", {}]),
        msgspec.msgpack.encode([1, "book", {"symbol": 7}]),
        msgspec.msgpack.encode([1, "book", {"symbol": "ACME", "depth": 5}]),
        msgspec.msgpack.encode([1, "trades", {"symbol": "ACME", "limit": 0}]),
        msgspec.msgpack.encode([1, "reports", {"account": "anna", "after": -1}]),
        msgspec.msgpack.encode([1, "order", {"account": "anna", "order_id": "3-1"}]),
    ],
)
def test_what_is_no_question_is_a_bad_request(journaled: Journaled, request_bytes: bytes) -> None:
    """Kinds and arguments are checked before they are used."""
    code, body = codec.decode_answer(journaled.partition.query(request_bytes))

    assert code == json.loads(body)["code"] == "bad_request"


def test_an_answer_that_fits_no_message_is_refused(journaled: Journaled) -> None:
    """The connection would be closed for it."""
    journaled.partition.queries.answer_bytes_max = 100

    assert journaled.ask_for_answer("book", symbol="ACME")[0] == "too_large"


def test_a_snapshot_of_many_orders_comes_in_pages(journaled: Journaled) -> None:
    """Nobody waits for one account's thousands of orders to be printed; the last page has no `more`."""
    whole = journaled.ask("orders_snapshot", account="anna")
    journaled.partition.queries.snapshot_orders_max = 1

    first = journaled.ask("orders_snapshot", account="anna")
    second = journaled.ask("orders_snapshot", account="anna", after=int(first["orders"][0]["order_id"].split("-")[1]))

    assert first["left"] == len(whole["orders"]) - 1
    assert (len(first["orders"]), first["more"], "more" in second) == (1, True, len(whole["orders"]) > 2)
    assert first["orders"] + second["orders"] == whole["orders"][:2]
    assert journaled.ask("orders_snapshot", account="boris").get("more") is None
