"""Order entry: answers are the exchange's, and what is not known is never guessed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from exchange.units import SECOND
from gateway.requests.timestamps import time_of
from tests.support.gateway import list_instrument

if TYPE_CHECKING:
    from tests.support.gateway import Trader
    from tests.support.local_venue import LocalVenue

LIMIT = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1"}


async def test_an_answer_carries_the_order_and_its_place_in_the_journal(anna: Trader, boris: Trader) -> None:
    """A placement is answered with the order, its fills, and `journal` beside the id."""
    await anna.place("sell", 3, "1.25")
    answer = await boris.ask("order.place", **LIMIT | {"quantity": 5, "price": 1.5})
    order = answer["result"]
    assert answer["journal"] == "3.0"
    assert [order[name] for name in ("status", "filled_quantity", "open_quantity", "average_price", "account")] == [
        *("partially_filled", "3", "2"),
        *("1.25", "boris"),
    ]
    assert [(fill["price"], fill["quantity"], fill["liquidity"]) for fill in order["fills"]] == [("1.25", "3", "taker")]


async def test_a_refusal_is_the_exchanges_own(anna: Trader) -> None:
    """Code, field and a message that says what to do come from the exchange; the request's id is added."""
    answer = await anna.ask("order.place", **LIMIT | {"price": "1.005"})
    assert (answer["error"]["code"], answer["error"]["field"]) == ("price_off_tick", "price")
    assert "0.01" in answer["error"]["message"]
    assert answer["error"]["request_id"]
    assert answer["journal"] == "2.0"


async def test_repeating_a_placement_blindly_is_safe(anna: Trader) -> None:
    """The same client_order_id with the same body gives the order as it is; with another body it is refused."""
    first = await anna.place("buy", 1, "1", client_order_id="mine")
    again = await anna.place("buy", 1, "1.00", client_order_id="mine")
    assert again["order_id"] == first["order_id"]
    error = await anna.refused("order.place", **LIMIT | {"client_order_id": "mine", "quantity": 2})
    assert error["code"] == "client_order_id_reused"
    by_client = await anna.do("order.get", client_order_id="mine", symbol="ACME")
    assert by_client["order_id"] == first["order_id"]


async def test_orders_are_amended_and_canceled_by_either_name(anna: Trader) -> None:
    """By order_id, or by client_order_id with the symbol."""
    await anna.place("buy", 5, "1", client_order_id="mine")
    amended = await anna.do("order.amend", client_order_id="mine", symbol="ACME", quantity="3")
    assert amended["quantity"] == "3"
    canceled = await anna.do("order.cancel", order_id=amended["order_id"])
    assert canceled["status"] == "canceled"
    assert (await anna.refused("order.cancel", order_id=amended["order_id"]))["code"] == "order_done"


async def test_a_foreign_order_is_unknown(anna: Trader, boris: Trader) -> None:
    """Another account's order looks exactly like one that never was."""
    order = await anna.place("buy", 1, "1")
    for method, more in (("order.cancel", {}), ("order.get", {}), ("order.amend", {"quantity": "2"})):
        foreign = await boris.refused(method, order_id=order["order_id"], **more)
        absent = await boris.refused(method, order_id="0-999", **more)
        assert (foreign["code"], foreign["message"]) == ("unknown_order", absent["message"])
        assert (await boris.refused(method, order_id="9-1", **more))["code"] == "unknown_order"


async def test_a_batch_is_carried_out_in_order_each_with_its_answer(anna: Trader) -> None:
    """Good and bad requests of a batch are answered row by row."""
    requests = [
        {"method": "order.place", "params": LIMIT | {"client_order_id": "a"}},
        {"method": "order.amend", "params": {"client_order_id": "a", "symbol": "ACME", "quantity": "2"}},
        {"method": "order.cancel", "params": {"client_order_id": "a", "symbol": "ACME"}},
        {"method": "order.place", "params": LIMIT | {"quantity": "x"}},
        {"method": "order.get", "params": {"order_id": "0-1"}},
        {"method": "order.place", "params": {}},
    ]
    rows = await anna.do("order.batch", requests=requests)
    assert [row["result"]["status"] if "result" in row else row["error"]["code"] for row in rows] == [
        *("open", "open", "canceled"),
        *("bad_decimal", "unknown_method", "bad_request"),
    ]
    assert [row.get("journal") for row in rows] == ["2.0", "3.0", "4.0", None, None, None]
    assert await anna.do("order.batch", requests=[]) == []


async def test_a_batch_is_bounded_and_read_strictly(anna: Trader) -> None:
    """51 requests are too many; a member that comes twice refuses the whole."""
    many = [{"method": "order.cancel", "params": {"order_id": "0-1"}}] * 51
    assert (await anna.refused("order.batch", requests=many))["code"] == "too_many"
    anna.say(
        b'{"id":"twice","method":"order.batch","params":{"requests":['
        b'{"method":"order.cancel","params":{"order_id":"0-1","order_id":"0-2"}}]}}'
    )
    error = (await anna.hear(lambda frame: frame.get("id") == "twice"))["error"]
    assert (error["code"], error["field"]) == ("bad_request", "order_id")


async def test_cancel_all_reaches_every_partition(venue: LocalVenue, anna: Trader, boris: Trader) -> None:
    """All orders, or one side or symbol, of the account alone."""
    await list_instrument(venue, "OTHER", 1)
    for symbol in ("ACME", "OTHER"):
        await anna.place("buy", 1, "1", symbol=symbol)
        await anna.place("sell", 1, "2", symbol=symbol)
    await boris.place("buy", 1, "1")
    assert await anna.do("order.cancel_all", side="buy") == {"canceled": 2}
    answer = await anna.ask("order.cancel_all", symbol="OTHER")
    assert (answer["result"], "journal" in answer) == ({"canceled": 1}, True)
    assert await anna.do("order.cancel_all") == {"canceled": 1}
    assert len((await boris.do("order.list"))["orders"]) == 1
    assert (await anna.refused("order.cancel_all", symbol="NOPE"))["code"] == "unknown_instrument"


async def test_cancel_after_sets_a_deadline_in_every_partition(venue: LocalVenue, anna: Trader, boris: Trader) -> None:
    """When it has passed, what the account has is canceled everywhere, and nothing of others; 0 turns it off."""
    await list_instrument(venue, "OTHER", 1)
    for symbol in ("ACME", "OTHER"):
        await anna.place("buy", 1, "1", symbol=symbol)
    await boris.place("buy", 1, "1")
    await anna.do("order.cancel_after", seconds=30)
    assert await anna.do("order.cancel_after", seconds=0) == {"deadline": None}
    await venue.pass_time(60)
    assert len((await anna.do("order.list"))["orders"]) == 2
    answer = await anna.do("order.cancel_after", seconds=30)
    assert time_of(answer["deadline"]) - venue.now() in range(29 * SECOND, 30 * SECOND + 1)
    await venue.pass_time(31)
    assert (await anna.do("order.list"))["orders"] == []
    assert len((await boris.do("order.list"))["orders"]) == 1


async def test_cancel_after_says_when_a_partition_does_not_answer(venue: LocalVenue, anna: Trader) -> None:
    """A deadline that may not hold everywhere is not told as one."""
    venue.silent.add(1)
    assert (await anna.refused("order.cancel_after", seconds=30))["code"] == "outcome_unknown"


@pytest.mark.parametrize("seconds", [-1, 86_401, 1.5, "30", None])
async def test_cancel_after_takes_whole_seconds_up_to_a_day(anna: Trader, seconds: float | str | None) -> None:
    """Anything else is refused by name."""
    error = await anna.refused("order.cancel_after", seconds=seconds)
    assert (error["code"], error["field"]) == ("bad_request", "seconds")


async def test_cancel_all_says_when_a_partition_does_not_answer(venue: LocalVenue, anna: Trader) -> None:
    """What was canceled elsewhere stays so, and the outcome of the whole is unknown."""
    await anna.place("buy", 1, "1")
    venue.silent.add(1)
    assert (await anna.refused("order.cancel_all"))["code"] == "outcome_unknown"
    assert (await anna.do("order.list", symbol="ACME"))["orders"] == []


async def test_what_cannot_be_stored_is_busy(venue: LocalVenue, anna: Trader) -> None:
    """Busy says when to repeat; a silent partition leaves the outcome unknown; questions are unavailable."""
    venue.away = True
    error = await anna.refused("order.place", **LIMIT)
    assert (error["code"], error["retry_after"]) == ("busy", 0.5)
    rows = await anna.do("order.batch", requests=[{"method": "order.place", "params": LIMIT}])
    assert rows[0]["error"]["code"] == "busy"
    assert (await anna.refused("order.cancel_all"))["code"] == "busy"
    venue.away = False
    venue.silent.add(0)
    assert (await anna.refused("order.place", **LIMIT))["code"] == "outcome_unknown"
    assert (await anna.refused("order.get", order_id="0-1"))["code"] == "unavailable"
    venue.silent.clear()
    assert (await anna.place("buy", 1, "1"))["status"] == "open"


async def test_what_a_stopped_partition_would_have_to_answer_is_busy(venue: LocalVenue, anna: Trader) -> None:
    """Surely nothing was stored, so nothing is unknown; the other partition trades on."""
    await list_instrument(venue, "OTHER", 1)
    await anna.place("buy", 1, "1", symbol="OTHER")
    venue.stopped.add(0)
    error = await anna.refused("order.place", **LIMIT)
    assert (error["code"], error["retry_after"]) == ("busy", 5.0)
    assert (await anna.refused("order.cancel_all"))["code"] == "busy"
    assert (await anna.refused("order.get", order_id="0-1"))["code"] == "unavailable"
    assert (await anna.place("buy", 1, "1", symbol="OTHER"))["status"] == "open"


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 600])
async def test_open_orders_come_in_pages_over_all_partitions(venue: LocalVenue, anna: Trader, limit: int) -> None:
    """Following the cursor gives each open order once, by partition and age, whatever the page's size."""
    await list_instrument(venue, "OTHER", 1)
    for number in range(6):
        await anna.place("buy", 1, "1", symbol=("ACME", "OTHER")[number % 2])
    pages: list[list[str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await anna.do("order.list", limit=limit, **cursor)
        pages.append([row["order_id"] for row in page["orders"]])
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert [order_id for page in pages for order_id in page] == ["0-1", "0-2", "0-3", "1-1", "1-2", "1-3"]
    assert all(len(page) == limit for page in pages[:-1])


async def test_a_page_may_be_larger_than_one_answer_of_a_partition(anna: Trader) -> None:
    """Many orders are asked for in several goes, and none is lost between them."""
    for _ in range(12):
        requests = [{"method": "order.place", "params": LIMIT}] * 50
        await anna.do("order.batch", requests=requests)
    page = await anna.do("order.list", limit=590)
    rest = await anna.do("order.list", limit=590, cursor=page["cursor"])
    assert [row["order_id"] for row in page["orders"] + rest["orders"]] == [f"0-{n}" for n in range(1, 601)]


@pytest.mark.parametrize(
    ("params", "field"),
    [({"limit": 0}, "limit"), ({"limit": 1_001}, "limit"), ({"cursor": "x"}, "cursor"), ({"cursor": "9-1"}, "cursor")],
)
async def test_a_page_that_cannot_be_is_refused(anna: Trader, params: dict[str, Any], field: str) -> None:
    """Limits and cursors are checked."""
    error = await anna.refused("order.list", **params)
    assert (error["code"], error["field"]) == ("bad_request", field)
