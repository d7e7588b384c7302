"""openbell/client/: requests of a client to an exchange that drops, refuses and keeps silent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from openbell import Client
from openbell.client import ClientSettings, requests
from openbell.client.errors import ConnectionLost, NotAllowed, OutcomeUnknown, RequestError
from openbell.client.models import Order
from tests.support.exchange_double import ExchangeDouble, Refusal, Silence
from tests.support.sdk import client_of, order_body

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def exchange() -> AsyncIterator[ExchangeDouble]:
    async with ExchangeDouble() as double:
        yield double


async def test_logs_in_first_and_places(exchange: ExchangeDouble) -> None:
    """The token goes in a `login`, never in the URL, and the answer is the order with its place in the journal."""
    exchange.answers["order.place"] = order_body
    async with client_of(exchange, cancel_on_disconnect="connection") as client:
        order = await client.buy("ACME", 10, at="101.25", client_order_id="mine")
    assert exchange.requests[0] == ("login", {"token": "t-1", "cancel_on_disconnect": "connection"})
    assert (order.client_order_id, order.price, order.quantity) == ("mine", Decimal("101.25"), Decimal(10))
    assert (order.journal, order.created, order.is_open) == ("7.0", 1767225600000000001, True)


async def test_spectator_needs_no_token(exchange: ExchangeDouble) -> None:
    """Without a token there is no login."""
    exchange.answers["time"] = lambda _: {"time": "now"}
    async with client_of(exchange, token=None) as client:
        assert await client.request("time") == {"time": "now"}
    assert exchange.all("login") == []


async def test_refusal_is_an_exception_with_its_members(exchange: ExchangeDouble) -> None:
    """What the exchange refuses is raised with code, field and request id."""

    def refuse(_: object) -> None:
        raise Refusal("price_off_tick", field="price", request_id="r-9")

    exchange.answers["order.place"] = refuse
    async with client_of(exchange) as client:
        with pytest.raises(RequestError) as refused:
            await client.sell("ACME", 1, at="1.001")
    assert (refused.value.code, refused.value.field, refused.value.request_id) == ("price_off_tick", "price", "r-9")


async def test_wrong_token_ends_the_attempt(exchange: ExchangeDouble) -> None:
    """A token that is not taken is told at once, without trying again."""

    def refuse(_: object) -> None:
        raise Refusal("unauthenticated")

    exchange.answers["login"] = refuse
    with pytest.raises(NotAllowed):
        async with client_of(exchange):
            pass
    assert len(exchange.all("login")) == 1


async def test_nobody_there() -> None:
    """Where nothing listens there is no connection."""
    with pytest.raises(ConnectionLost):
        async with Client("http://127.0.0.1:1", None, ClientSettings(connect_timeout=0.2)):
            pass


async def test_unanswered_placement_is_repeated_with_its_id(exchange: ExchangeDouble) -> None:
    """A placement whose answer was lost with the connection goes out again, the same in every member."""

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        if len(exchange.all("order.place")) == 0:
            exchange.drop()
            raise Silence
        return order_body(params)

    exchange.answers["order.place"] = answer
    async with client_of(exchange) as client:
        order = await client.buy("ACME", "10", at="101.25")
    first, second = exchange.all("order.place")
    assert first == second
    assert order.client_order_id == first["client_order_id"]
    assert len(exchange.all("login")) == 2


async def test_unanswered_placement_is_unknown_when_not_repeated(exchange: ExchangeDouble) -> None:
    """With `repeat_placements` off the program is told that the outcome is unknown."""

    def answer(_: object) -> None:
        exchange.drop()
        raise Silence

    exchange.answers["order.place"] = answer
    async with client_of(exchange, repeat_placements=False) as client:
        with pytest.raises(OutcomeUnknown):
            await client.buy("ACME", "10", at="101.25")


async def test_unanswered_amend_is_unknown(exchange: ExchangeDouble) -> None:
    """An amend is never repeated by itself."""

    def answer(_: object) -> None:
        exchange.drop()
        raise Silence

    exchange.answers["order.amend"] = answer
    async with client_of(exchange) as client:
        with pytest.raises(OutcomeUnknown):
            await client.amend("0-1", price="1.00")
    assert len(exchange.all("order.amend")) == 1


async def test_cancel_after_gives_the_deadline(exchange: ExchangeDouble) -> None:
    """In nanoseconds, and 0 when it is off."""
    deadlines = ["2026-11-22T10:00:30.000000001Z", None]
    exchange.answers["order.cancel_after"] = lambda _: {"deadline": deadlines.pop(0)}
    async with client_of(exchange) as client:
        assert await client.cancel_after(30) == 1_795_341_630_000_000_001
        assert await client.cancel_after(0) == 0
    assert exchange.all("order.cancel_after") == [{"seconds": 30}, {"seconds": 0}]


async def test_batch_tells_each_outcome(exchange: ExchangeDouble) -> None:
    """Every row of a batch is an order or its error, with a journal place of its own."""
    rows = [{"result": order_body(), "journal": "8.0"}, {"error": {"code": "unknown_order", "message": "no"}}]
    exchange.answers["order.batch"] = lambda _: rows
    async with client_of(exchange, account="bob") as client:
        placed, refused = await client.batch([requests.place("ACME", "buy", 1, "1.00"), requests.cancel("0-9")])
    assert isinstance(placed, Order)
    assert isinstance(refused, RequestError)
    assert placed.journal == "8.0"
    assert refused.code == "unknown_order"
    sent = exchange.all("order.batch")[0]["requests"]
    assert [row["method"] for row in sent] == ["order.place", "order.cancel"]
    assert [row["params"]["account"] for row in sent] == ["bob", "bob"]


async def test_open_orders_reads_every_page(exchange: ExchangeDouble) -> None:
    """Pages are followed to the end."""
    pages = {None: {"orders": [order_body()], "cursor": "next"}, "next": {"orders": [order_body(order_id="0-2")]}}
    exchange.answers["order.list"] = lambda params: pages[params.get("cursor")]
    async with client_of(exchange) as client:
        orders = await client.open_orders("ACME")
    assert [order.order_id for order in orders] == ["0-1", "0-2"]
