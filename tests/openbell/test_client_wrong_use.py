"""openbell/client/: whatever is wrong is an OpenbellError, or a TypeError or ValueError with a sentence."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from websockets.asyncio.server import ServerConnection, serve

from openbell import Client
from openbell.client import ClientSettings, requests
from openbell.client.errors import (
    ClientClosed,
    ConnectionLost,
    NotAllowed,
    OutcomeUnknown,
    RequestError,
    Unreadable,
)
from openbell.client.values import time_to_wire, to_wire
from tests.support.exchange_double import ExchangeDouble, Refusal, Silence
from tests.support.sdk import client_of, order_body, reports_snapshot, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAN = float("nan")


@pytest.fixture
async def exchange() -> AsyncIterator[ExchangeDouble]:
    async with ExchangeDouble() as double:
        yield double


@pytest.mark.parametrize(
    "number", ["", "ten", "1,5", "nan", "-inf", Decimal("NaN"), "1e999999999", "1e-999999999", "0x10"]
)
def test_what_is_no_number_is_a_value_error(number: str | Decimal) -> None:
    """Also what could be printed only with all memory."""
    with pytest.raises(ValueError, match="a price or quantity is"):
        to_wire(number)


@pytest.mark.parametrize("number", [1.5, True, None, b"1", [1], object()])
def test_what_cannot_be_a_number_is_a_type_error(number: Any) -> None:
    """A float above all."""
    with pytest.raises(TypeError, match="a price or quantity is a Decimal, a str or an int, not"):
        to_wire(number)


@pytest.mark.parametrize(("time", "kind"), [(10**30, ValueError), (-(10**30), ValueError), (1.5, TypeError)])
def test_what_is_no_time_is_refused(time: Any, kind: type[Exception]) -> None:
    """Before it is sent, with the range in the sentence."""
    with pytest.raises(kind, match="nanoseconds since 1970 UTC"):
        time_to_wire(time)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8080", "ftp://exchange", "http://", "http://exchange/?token=x"])
def test_what_is_no_address_is_refused_at_once(url: str) -> None:
    """Nothing waits for a connection that cannot be."""
    with pytest.raises(ValueError, match="the URL of an exchange looks like"):
        Client(url)


@pytest.mark.parametrize(
    "settings",
    [
        {"cancel_on_disconnect": "conection"},
        {"request_timeout": 0},
        {"in_flight_max": -1},
        {"stale_after": float("nan")},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    """The sentence begins with the name."""
    with pytest.raises(ValueError, match=next(iter(settings))):
        ClientSettings(**settings)


def test_a_mistyped_term_is_found_before_anything_is_sent() -> None:
    """As Python does for its own functions."""
    mistyped: dict[str, Any] = {"tme_in_force": "ioc"}
    with pytest.raises(TypeError, match="tme_in_force"):
        requests.place("ACME", "buy", 1, "1.00", **mistyped)


async def test_a_client_that_is_not_open_says_so(exchange: ExchangeDouble) -> None:
    """Before, and after; requests and feeds; and it can be opened again."""
    exchange.answers["order.place"] = order_body
    client = client_of(exchange)
    for _ in range(2):
        with pytest.raises(ClientClosed):
            await client.buy("ACME", 1, at="1.00")
        with pytest.raises(ClientClosed):
            await anext(client.book("ACME"))
        with pytest.raises(ClientClosed):
            await client.orders().snapshot()
        async with client:
            assert (await client.buy("ACME", 1, at="1.00")).symbol == "ACME"
            with pytest.raises(ClientClosed, match="open already"):
                await client.__aenter__()


async def test_closing_ends_the_feeds(exchange: ExchangeDouble) -> None:
    """A task that reads one must not wait for ever."""
    async with client_of(exchange) as client:
        reading = [asyncio.create_task(take(feed, 1)) for feed in (client.book("ACME"), client.orders())]
        await exchange.subscribed("book")
        await exchange.subscribed("orders")
    for read in reading:
        with pytest.raises(ClientClosed):
            await read


async def test_closing_leaves_an_unanswered_placement_unknown(exchange: ExchangeDouble) -> None:
    """It was sent."""

    def silent(_: object) -> None:
        raise Silence

    exchange.answers["order.place"] = silent
    async with client_of(exchange) as client:
        placing = asyncio.create_task(client.buy("ACME", 1, at="1.00"))
        await exchange.asked("order.place")
    with pytest.raises(OutcomeUnknown):
        await placing


async def test_busy_after_a_lost_answer_is_not_said_to_be_nothing(exchange: ExchangeDouble) -> None:
    """The first attempt may have been carried out: it is repeated until an answer is definite."""

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        attempt = len(exchange.all("order.place"))
        if attempt == 0:
            exchange.drop()
            raise Silence
        if attempt == 1:
            raise Refusal("busy", retry_after=0.01)
        return order_body(params)

    exchange.answers["order.place"] = answer
    async with client_of(exchange) as client:
        assert (await client.buy("ACME", 1, at="1.00")).symbol == "ACME"
    assert len(exchange.all("order.place")) == 3


async def test_a_login_that_can_never_do_ends_the_client(exchange: ExchangeDouble) -> None:
    """What is wrong with it is raised at once, instead of a connection that was not made."""

    def refuse(_: object) -> None:
        raise Refusal("bad_request", field="cancel_on_disconnect")

    exchange.answers["login"] = refuse
    with pytest.raises(RequestError, match="bad_request"):
        async with client_of(exchange):
            pass
    assert len(exchange.all("login")) == 1


async def test_a_token_function_that_fails_is_named(exchange: ExchangeDouble) -> None:
    """It is tried again, for it may fail for a moment; what it raised is in the error."""

    def broken() -> str:
        raise KeyError("vault")

    with pytest.raises(ConnectionLost, match=r"the token function raised KeyError\('vault'\)"):
        async with client_of(exchange, token=broken, connect_timeout=0.2):
            pass


async def test_a_fresh_token_that_is_refused_ends_the_private_channel(exchange: ExchangeDouble) -> None:
    """Its reader hears why."""
    tokens = iter(["good", "bad"])

    def login(params: dict[str, Any]) -> dict[str, Any]:
        if params["token"] == "bad":
            raise Refusal("unauthenticated")
        return {}

    exchange.answers["login"] = login
    async with client_of(exchange, token=lambda: next(tokens)) as client, aclosing(client.orders()) as feed:
        reading = asyncio.create_task(take(feed, 1))
        await exchange.subscribed("orders")
        await exchange.send({"channel": "orders", "type": "end", "reason": "token_expired"})
        with pytest.raises(NotAllowed, match="unauthenticated"):
            await reading


async def test_too_many_subscriptions_are_told(exchange: ExchangeDouble) -> None:
    """Waiting does not mend it."""

    def refuse(params: dict[str, Any]) -> None:
        if params["channel"] == "book":
            raise Refusal("too_many")

    exchange.answers["subscribe"] = refuse
    async with client_of(exchange) as client, aclosing(client.book("ACME")) as feed:
        with pytest.raises(RequestError, match="too_many"):
            await take(feed, 1)


async def test_an_answer_of_another_shape_is_unreadable(exchange: ExchangeDouble) -> None:
    """Not a KeyError from inside."""
    exchange.answers["order.place"] = lambda _: {"order": "yes"}
    exchange.answers["order.list"] = lambda _: []
    async with client_of(exchange) as client:
        with pytest.raises(Unreadable, match="order_id"):
            await client.buy("ACME", 1, at="1.00")
        with pytest.raises(Unreadable):
            await client.open_orders()


async def test_a_message_of_another_shape_ends_its_feed_alone(exchange: ExchangeDouble) -> None:
    """The connection and other feeds go on."""
    exchange.snapshots["orders"] = lambda: [reports_snapshot(0, [order_body()])]
    async with client_of(exchange) as client, aclosing(client.ticker("ACME")) as ticker:
        reading = asyncio.create_task(take(ticker, 1))
        await exchange.subscribed("ticker")
        await exchange.send({"channel": "ticker", "type": "snapshot", "symbol": "ACME", "seq": 1, "bid": "x"})
        with pytest.raises(Unreadable):
            await reading
        assert len(await client.orders().snapshot()) == 1
    assert len(exchange.all("login")) == 1


async def test_what_is_no_exchange_is_unreadable() -> None:
    """Something that speaks WebSocket and other text is no connection, and the reason says so."""

    async def chat(connection: ServerConnection) -> None:
        await connection.send("hello")
        await connection.wait_closed()

    async with serve(chat, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        with pytest.raises(ConnectionLost, match="not JSON"):
            async with Client(url, "t-1", ClientSettings(connect_timeout=0.3)):
                pass


async def test_it_logs_to_the_standard_logging_and_nowhere_else(
    exchange: ExchangeDouble, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Unless a program sets up logging there is not a byte; if it does, the loggers are below openbell.client."""
    with caplog.at_level(logging.INFO, "openbell.client"):
        async with client_of(exchange):
            exchange.drop()
            await exchange.asked("login", times=2)
    assert capfd.readouterr() == ("", "")
    assert {record.name.rpartition(".")[0] for record in caplog.records} == {"openbell.client"}
    assert any("disconnected" in record.getMessage() for record in caplog.records)
    assert [type(handler) for handler in logging.getLogger("openbell.client").handlers] == [logging.NullHandler]
