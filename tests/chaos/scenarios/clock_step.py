"""The system clock of one worker and one gateway steps an hour forth and back: journal time does not care."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.run import Run, under_load
from tests.chaos.socket import Socket
from tests.chaos.stored import ages_of

STEPS = ("+3600", "+0", "-3600", "+0")
STEP_SECONDS = 6.0
CALM_SECONDS = 3.0
FAR_MINUTES = 30
"""An order that expires then would expire by a clock that is an hour ahead."""

SOON_SECONDS = 3.0


def library() -> Path | None:
    """Where libfaketime is."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


async def clock_step(run: Run) -> Findings:
    """Step the clocks of one worker and one gateway, and look at leases, expiries and journal time."""
    findings = Findings("clock-step")
    found = library()
    if found is None:
        findings.notes.append("needs libfaketime: not run")
        return findings
    exchange = Exchange(run.directory)
    offset = run.directory / "offset"
    offset.write_text("+0\n")
    stepped = (exchange.workers[0], exchange.gateways[0])
    for process in stepped:
        process.environment |= {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": str(offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
    async with under_load(run, exchange, findings) as crowd:
        await asyncio.sleep(CALM_SECONDS)
        leaders = await exchange.leases()
        keeper = await _keeper(exchange)
        far = await _place(keeper, exchange.symbols[0], "far", timedelta(minutes=FAR_MINUTES))
        began = asyncio.get_running_loop().time()
        seen = [await _step(offset, step, keeper, exchange, number) for number, step in enumerate(STEPS)]
        still = await keeper.ask("order.get", {"order_id": far["order_id"]})
        await keeper.close()
        same = {key: value for key, value in leaders.items() if key.startswith("partition.")}
        now = {key: value for key, value in (await exchange.leases()).items() if key.startswith("partition.")}
        refused = crowd.refusals(began, float("inf"))
        await crowd.settle()
        ages = [await ages_of(exchange.connection, number) for number in range(exchange.settings.partitions)]
    findings.measure(
        "the gateway's clock", f"off by {[round(s[0]) for s in seen]} s", "steps", holds=abs(seen[0][0]) > 3_000
    )
    late = [round(s[1], 2) for s in seen]
    holds = all(-0.5 < seconds < 1.5 for seconds in late)
    findings.measure("expiry of orders due during it", f"{late} s after they were due", "0 to 1.5 s", holds=holds)
    status = still["result"]["status"]
    findings.measure("an order that expires in half an hour", status, "open", holds=status == "open")
    findings.measure("leases", "as before" if same == now else f"{same} became {now}", "as before", holds=same == now)
    backwards = sum(of_partition.backwards for of_partition in ages)
    late_refused = sum(of_partition.refused_late for of_partition in ages)
    text = f"{backwards} times backwards, {late_refused} refused too_late, {len(refused)} busy or unknown"
    findings.measure("journal time", text, "0, 0, 0", holds=not backwards and not late_refused and not refused)
    return findings


async def _keeper(exchange: Exchange) -> Socket:
    """Somebody whose orders never trade, at the gateway whose clock is right."""
    socket = await Socket.open(exchange.urls[1], lambda _: None)
    answer = await socket.ask("login", {"token": exchange.token("keeper")})
    assert "result" in answer, answer
    return socket


async def _place(keeper: Socket, symbol: str, name: str, lasts: timedelta) -> dict[str, Any]:
    terms = {
        "symbol": symbol,
        "side": "buy",
        "type": "limit",
        "quantity": "1",
        "price": "1.00",
        "time_in_force": "gtd",
        "expires": (datetime.now(UTC) + lasts).isoformat().replace("+00:00", "Z"),
        "client_order_id": name,
    }
    answer = await keeper.ask("order.place", terms)
    assert "result" in answer, answer
    order: dict[str, Any] = answer["result"]
    return order


async def _step(offset: Path, step: str, keeper: Socket, exchange: Exchange, number: int) -> tuple[float, float]:
    """Step the clocks: what the gateway then says, and how late an order expired that was due a little later."""
    await asyncio.to_thread(offset.write_text, f"{step}\n")
    gateway = await Socket.open(exchange.urls[0], lambda _: None)
    said = (await gateway.ask("time", {}))["result"]["time"]
    await gateway.close()
    difference = datetime.fromisoformat(said[:26] + "+00:00").timestamp() - time.time()
    due = time.time() + SOON_SECONDS
    symbol = exchange.symbols[number % len(exchange.symbols)]
    order = await _place(keeper, symbol, f"soon-{number}", timedelta(seconds=SOON_SECONDS))
    while (await keeper.ask("order.get", {"order_id": order["order_id"]}))["result"]["status"] == "open":
        assert time.time() < due + STEP_SECONDS, "it never expires"
        await asyncio.sleep(0.02)
    return difference, time.time() - due
