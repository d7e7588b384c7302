"""openbell/local/bots.py: makers and takers that a demo can live with."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from openbell.client.errors import RequestError
from openbell.client.models import Instrument, Order
from openbell.client.requests import Request
from openbell.local import bots
from openbell.local.bots import Maker
from openbell.local.demo_instruments import DEMO_INSTRUMENTS
from tests.support.exchange_double import ExchangeDouble, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable


def instrument_of(symbol: str) -> Instrument:
    return Instrument.read({"symbol": symbol, **DEMO_INSTRUMENTS[symbol]})


def order_of(params: dict[str, Any], number: int, **members: Any) -> dict[str, Any]:
    return {
        "order_id": f"0-{number}",
        "time_in_force": "gtc",
        "filled_quantity": "0",
        "open_quantity": params["quantity"],
        "status": "open",
        **params,
        **members,
    }


class Answering:
    """Answers a maker as an exchange does that fills nothing."""

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}

    def __call__(self, batch: Iterable[Request]) -> list[Order | RequestError]:
        return [self._one(request) for request in batch]

    def _one(self, request: Request) -> Order:
        if request.method == "order.place":
            order = Order.read(order_of(request.params, len(self.orders) + 1))
        else:
            order = replace(self.orders[request.params["order_id"]], price=Decimal(request.params["price"]))
        self.orders[order.order_id] = order
        return order


@pytest.mark.parametrize("symbol", DEMO_INSTRUMENTS)
def test_ladder_is_on_tick_and_uncrossed(symbol: str) -> None:
    """Every quote is on its tick and in whole lots, and all bids are below all asks, for a hundred steps."""
    instrument, answering = instrument_of(symbol), Answering()
    maker = Maker(instrument, seed=1)
    for _ in range(100):
        maker.move()
        maker.answered(answering(maker.requests()))
    orders = list(answering.orders.values())
    bids = [order.price for order in orders if order.side == "buy" and order.price is not None]
    asks = [order.price for order in orders if order.side == "sell" and order.price is not None]
    assert len(bids) == len(asks) == bots.LEVELS
    assert max(bids) < min(asks)
    assert all(price % bots.tick_at(instrument, price) == 0 for price in bids + asks)
    assert all(order.quantity % instrument.lot_size == 0 for order in orders)


def test_same_seed_same_bots() -> None:
    """What a maker asks for follows from its seed."""

    def asked(seed: int) -> list[tuple[Any, Any]]:
        maker = Maker(instrument_of("ACME"), seed)
        maker.move()
        return [(request.params["price"], request.params["quantity"]) for request in maker.requests()]

    assert asked(1) == asked(1)
    assert asked(1) != asked(2)


def test_quote_that_was_filled_is_placed_anew() -> None:
    """A refusal because the order is done makes room for a new quote."""
    maker, answering = Maker(instrument_of("ACME"), seed=1), Answering()
    maker.answered(answering(maker.requests()))
    maker.middle *= Decimal("1.01")
    amends = maker.requests()
    assert {request.method for request in amends} == {"order.amend"}
    maker.answered([RequestError("gone", code="order_done"), *answering(amends[1:])])
    assert [request.method for request in maker.requests()] == ["order.place"]


def test_quiet_price_asks_for_nothing() -> None:
    """Where every quote is right there is nothing to send."""
    maker, answering = Maker(instrument_of("ACME"), seed=1), Answering()
    maker.answered(answering(maker.requests()))
    assert maker.requests() == []


def test_price_comes_home() -> None:
    """In a long run the price stays near where it began."""
    maker = Maker(instrument_of("ACME"), seed=1)
    for _ in range(20_000):
        maker.move()
    assert abs(maker.middle / maker.home - 1) < Decimal("0.05")


async def test_bots_trade_and_outlive_a_lost_connection() -> None:
    """They quote and take on the demo's instruments, and go on after a disconnect."""
    pace = bots.BotPace(0.01, 0.01, 0.01)
    refusing = iter([True])

    def cancel_all(_: object) -> dict[str, int]:
        if next(refusing, False):
            raise Refusal("unavailable")
        return {"canceled": 0}

    async with ExchangeDouble() as exchange:
        body = {"symbol": "ACME", **DEMO_INSTRUMENTS["ACME"]}
        other = {"symbol": "OTHER", **DEMO_INSTRUMENTS["ACME"]}
        exchange.snapshots["instruments"] = lambda: [
            {"channel": "instruments", "type": "snapshot", "symbol": row["symbol"], "seq": 0, "instrument": row}
            for row in (body, other)
        ]
        exchange.answers["order.cancel_all"] = cancel_all
        exchange.answers["order.place"] = lambda params: order_of({**params, "price": None}, 1, status="filled")
        exchange.answers["order.batch"] = lambda params: [
            {
                "result": order_of(
                    {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", **row["params"]}, 1
                )
            }
            for row in params["requests"]
        ]
        stop = asyncio.Event()
        running = asyncio.create_task(bots.run(exchange.url, lambda account: f"token of {account}", stop, pace=pace))
        await exchange.asked("order.batch")
        await exchange.asked("order.place")
        exchange.drop()
        await exchange.asked("login", times=4)
        await exchange.asked("order.batch", times=len(exchange.all("order.batch")) + 2)
        stop.set()
        await asyncio.wait_for(running, 5)
        assert {row["params"].get("symbol", "ACME") for row in exchange.all("order.batch")[0]["requests"]} == {"ACME"}
        assert {params["symbol"] for params in exchange.all("order.place")} == {"ACME"}
