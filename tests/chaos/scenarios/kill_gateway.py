"""`kill -9` of a gateway: its clients resume elsewhere and miss nothing, and it keeps its promises to cancel."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.run import Run, under_load
from tests.chaos.socket import Socket
from tests.support.nats import until

CALM_SECONDS = 3.0
GIVE_UP_SECONDS = 30.0
RESUMED_SECONDS = 2.0
CANCELED_SECONDS = 15.0
ORDERS = 3


async def kill_gateway(run: Run) -> Findings:
    """Kill one gateway after the other, `times` times; how long until everybody is connected and heals no gap."""
    findings = Findings("kill-gateway")
    exchange = Exchange(run.directory)
    took: list[float] = []
    canceled: list[float] = []
    async with under_load(run, exchange, findings) as crowd:
        for number in range(run.times):
            await asyncio.sleep(CALM_SECONDS)
            victim = exchange.gateways[number % len(exchange.gateways)]
            owner = f"owner-{number}"
            await rest(exchange, number % len(exchange.gateways), owner)
            killed = asyncio.get_running_loop().time()
            victim.kill()
            await victim.ended()
            await until(lambda: all(trader.connected for trader in crowd.traders), GIVE_UP_SECONDS)
            await until(lambda: not any(trader.ledger.behind() for trader in crowd.traders), GIVE_UP_SECONDS)
            took.append(asyncio.get_running_loop().time() - killed)
            other = (number + 1) % len(exchange.gateways)
            await until(partial(none_open, exchange, other, owner), GIVE_UP_SECONDS)
            canceled.append(asyncio.get_running_loop().time() - killed)
            victim.start()
            await exchange.ready()
    findings.seconds(f"{run.times} kills: clients resumed elsewhere", took, RESUMED_SECONDS)
    findings.seconds("orders of cancel-on-disconnect sessions canceled", canceled, CANCELED_SECONDS)
    return findings


async def login(exchange: Exchange, gateway: int, account: str, **more: str) -> Socket:
    """Connect to a gateway as an account."""
    socket = await Socket.open(exchange.urls[gateway], lambda _: None)
    answer = await socket.ask("login", {"token": exchange.token(account), **more})
    assert "result" in answer, answer
    return socket


async def rest(exchange: Exchange, gateway: int, account: str) -> Socket:
    """Leave orders in the book, far from the market, that are to be canceled when this connection ends."""
    socket = await login(exchange, gateway, account, cancel_on_disconnect="connection")
    for number in range(ORDERS):
        symbol = exchange.symbols[number % len(exchange.symbols)]
        terms = {"symbol": symbol, "side": "buy", "type": "limit", "quantity": "1", "price": "1.00"}
        answer = await socket.ask("order.place", terms)
        assert answer.get("result", {}).get("status") == "open", answer
    return socket


async def none_open(exchange: Exchange, gateway: int, account: str) -> bool:
    """Whether an account has no open order, as a gateway says."""
    socket = await login(exchange, gateway, account)
    answer = await socket.ask("order.list", {})
    await socket.close()
    return bool(answer.get("result", {}).get("orders") == [])
