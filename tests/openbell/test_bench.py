"""openbell/bench/: what is measured is what is said to be measured."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from exchange.commands import AmendOrder, CancelOrder, PlaceOrder
from exchange.terms import IOC
from openbell.bench import engine, path
from openbell.bench.flow import MadeFlow
from openbell.bench.load import Findings, Load, Task
from openbell.bench.timing import Latency
from openbell.core import is_compiled
from tests.support.exchange_double import ExchangeDouble, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path


def test_quantiles_are_of_the_nearest_rank() -> None:
    """The 99th of a hundred durations is the p99, and the largest the p99.9."""
    assert Latency.of([number / 1_000 for number in range(100, 0, -1)]) == Latency(50.0, 99.0, 100.0)


def test_made_flow_is_the_same_for_the_same_seed() -> None:
    """The same seed gives the same commands, another one others."""
    assert MadeFlow(1).make(500) == MadeFlow(1).make(500)
    assert MadeFlow(1).make(500) != MadeFlow(2).make(500)


def test_made_flow_looks_like_a_market() -> None:
    """Half of it are placements, two fifths cancels; a few orders trade; several hundred levels stand."""
    flow = MadeFlow(engine.SEED).make(20_000)
    share = {
        kind: sum(isinstance(one, kind) for one in flow.timed) / 20_000
        for kind in (PlaceOrder, CancelOrder, AmendOrder)
    }
    assert share[PlaceOrder] == pytest.approx(0.5, abs=0.02)
    assert share[CancelOrder] == pytest.approx(0.4, abs=0.02)
    taking = sum(isinstance(one, PlaceOrder) and one.time_in_force == IOC for one in flow.timed)
    assert taking == pytest.approx(0.0625 * 20_000, rel=0.1)
    _, after, (trades, refused) = engine.time_flow(flow)
    assert 0.04 < trades / 20_000 < 0.12
    assert refused < 0.08 * 20_000
    assert sum(len(side.depth(0)) for side in after.books["BENCH"].sides) > 300


def test_engine_is_timed_in_each_form(tmp_path: Path) -> None:
    """Without recorded data the made flow runs alone, in every form there is, with one outcome."""
    runs: list[engine.Run] = []
    (figures,) = engine.measure(1_000, 1, tmp_path, runs.append)
    assert [run.form for run in runs] == (["interpreted", "compiled"] if is_compiled() else ["interpreted"])
    assert len({(run.trades, run.refused, run.levels) for run in runs}) == 1
    assert figures.interpreted > 0


async def load(exchange: ExchangeDouble, **task: Any) -> Findings:
    port = int(exchange.url.rpartition(":")[2])
    return await Load(Task("127.0.0.1", port, **{"symbols": ["BENCH"], "warm_up_seconds": 0.05, **task})).run()


@pytest.fixture
async def exchange() -> AsyncIterator[ExchangeDouble]:
    async with ExchangeDouble() as double:
        double.answers |= {"order.place": lambda _: {}, "order.cancel": lambda _: {}}
        yield double


async def test_closed_loop_keeps_requests_in_flight(exchange: ExchangeDouble) -> None:
    """Every client logs in once and sends five placements, four cancels and one taking order in ten."""
    findings = await load(exchange, tokens=["a", "b"], in_flight=5, seconds=0.2)
    assert findings.rate > 0
    assert 0 < findings.p50 <= findings.p99 <= findings.p999
    assert findings.refused == {}
    assert sorted(params["token"] for params in exchange.all("login")) == ["a", "b"]
    methods = [method for method, _ in exchange.requests if method != "login"]
    assert methods.count("order.cancel") / len(methods) == pytest.approx(0.4, abs=0.05)


async def test_cancels_name_orders_that_were_placed(exchange: ExchangeDouble) -> None:
    """A cancel is of an order that the same flow placed before."""
    await load(exchange, tokens=[""], in_flight=1, seconds=0.1)
    placed = {params["client_order_id"] for params in exchange.all("order.place")}
    assert exchange.all("login") == []
    assert {params["client_order_id"] for params in exchange.all("order.cancel")} <= placed


async def test_two_connections_trade_each_instrument(exchange: ExchangeDouble) -> None:
    """One of them buys what rests and the other sells it."""
    await load(exchange, symbols=["ONE", "TWO"], tokens=["a", "b", "c", "d"], in_flight=1, seconds=0.1)
    resting = [params for params in exchange.all("order.place") if "time_in_force" not in params]
    assert {(params["symbol"], params["side"]) for params in resting} == {
        ("ONE", "buy"),
        ("ONE", "sell"),
        ("TWO", "buy"),
        ("TWO", "sell"),
    }


async def test_open_loop_counts_the_wait_of_requests_that_leave_late(exchange: ExchangeDouble) -> None:
    """A server that stands still for a while slows every request that was due meanwhile."""
    stalls = iter([True])

    def stall(_: object) -> dict[str, str]:
        # The whole loop stands still, so the client cannot send what is due either.
        if len(exchange.all("order.place")) > 20 and next(stalls, False):
            deadline = asyncio.get_running_loop().time() + 0.3
            while asyncio.get_running_loop().time() < deadline:
                pass
        return {}

    exchange.answers["order.place"] = stall
    findings = await load(exchange, tokens=[""], in_flight=1, seconds=0.5, rate=200.0)
    assert findings.p999 >= 290
    assert findings.p50 > 20


async def test_refusals_that_do_not_belong_are_told(exchange: ExchangeDouble) -> None:
    """A refused order is counted by its code; a cancel that came too late belongs to the flow."""

    def refuse(code: str) -> Callable[[object], None]:
        def answer(_: object) -> None:
            raise Refusal(code)

        return answer

    exchange.answers |= {"order.place": refuse("busy"), "order.cancel": refuse("order_done")}
    findings = await load(exchange, tokens=[""], in_flight=1, seconds=0.1)
    assert set(findings.refused) == {"busy"}


async def test_lost_connection_ends_the_measurement(exchange: ExchangeDouble) -> None:
    """A server that hangs up is no figure but a fault."""
    measuring = asyncio.create_task(load(exchange, tokens=[""], in_flight=1, seconds=5))
    await exchange.asked("order.place")
    exchange.drop()
    with pytest.raises(ConnectionError):
        await measuring


def test_ratios_are_of_medians() -> None:
    """Throughput is the most of each chain in a closed loop, latency is unloaded, each by its median over rounds."""

    def findings(rate: float, p50: float) -> Findings:
        return Findings(rate, p50, p50, p50, {"busy": 1})

    seen = {
        (mode, chain): [findings(rate * factor, p50 / factor) for factor in (1, 2, 4)]
        for mode in path.MODES
        for chain, rate, p50 in (("floor", 1_000, 4.0), ("real", 700, 5.0))
    }
    seen[path.CLOSED, "real"] = [findings(350, 5.0)] * 3
    seen[path.FULL, "floor"] = [findings(1_000, 5.0)] * 3
    report = path.report_of(seen)
    assert (report.throughput_ratio, report.unloaded_p50_ratio) == (0.7, 1.25)
    assert report.refused == {"busy": 24}
    assert len(report.rows) == 8


@pytest.mark.timeout(180)
async def test_both_chains_are_measured_for_real() -> None:
    """Floor and exchange start, answer everything in every mode, and leave nothing behind."""
    told = []
    plan = path.LoadPlan(seconds=0.5, clients=2, in_flight=8, full=16, rounds=1, rate=100)
    report = await path.measure(plan, lambda mode, chain, _: told.append((mode, chain)))
    assert told == [(mode, chain) for mode in path.MODES for chain in path.CHAINS]
    assert report.refused == {}
    assert all(row.rate > 0 for row in report.rows)
    assert report.throughput_ratio > 0
