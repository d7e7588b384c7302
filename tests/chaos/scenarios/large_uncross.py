"""A call of very many orders is ended by an operator: the leader answers soon, goes on leading, and tells all of it.

Two in five orders are of one account. The orders are put into the journal past the gateways; the operator, the
listeners and the order behind the uncross come through one. The whole time of the uncross is measured from outside.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

from exchange.commands import Command, PlaceOrder, SetPhase
from exchange.terms import AUCTION, BUY, LIMIT
from exchange.units import UNIT
from openbell.api import Api, path_of
from openbell.local.tokens import own_admin_token
from tests.chaos import bulk
from tests.chaos.exchange import Exchange
from tests.chaos.findings import Findings
from tests.chaos.judge import Verdict, replayed
from tests.chaos.listener import Listener
from tests.chaos.run import Run, running
from tests.support.nats import until

ANSWER_SECONDS = 1.0
GIVE_UP_SECONDS = 60.0
NEXT_SECONDS = 0.05
"""After the operator's command the next order is sent."""

QUIET_SECONDS = 2.0

WHALE = "whale"
WHALE_SHARE = 0.4
"""Of the orders: a session can be told of 50,000 open ones."""

ACCOUNTS = (WHALE, *(f"account-{number}" for number in range(8)))
PRICE = 10_000
STEPS = 20
PUBLIC = ("trades", "book", "full")


async def large_uncross(run: Run) -> Findings:
    """Fill a call, have everybody listen, end it, and compare what came with the journal."""
    findings = Findings("large-uncross")
    exchange = Exchange(run.directory, partitions=1, workers=2, gateways=1)
    async with running(exchange):
        symbol = exchange.symbols[0]
        await bulk.submit(exchange.connection, 0, _call(symbol, run))
        await bulk.answered(exchange.connection, 0)
        await until(lambda: any(worker.lines("standby.following") for worker in exchange.workers), GIVE_UP_SECONDS)
        leader = await exchange.leader_of(0)
        owners = {account: await _owner(exchange, account) for account in ACCOUNTS}
        clock = await Listener.open(exchange.urls[0], exchange.token("clock"), _channel("status", symbol))
        viewer = await Listener.open(
            exchange.urls[0], exchange.token("viewer"), *(_channel(name, symbol) for name in PUBLIC)
        )
        everybody = [*owners.values(), clock, viewer]
        await until(
            lambda: all(len(each.snapshots) == (3 if each is viewer else 1) for each in everybody), GIVE_UP_SECONDS
        )
        began = await _end_call(exchange, symbol, clock, findings)
        await _until_quiet(everybody)
        verdict = Verdict()
        replay = await replayed(exchange.connection, 0, verdict)
        told = max(owner.heard_at["orders"] for owner in owners.values()) - began
        findings.notes.append(f"{replay.trades:,} trades; the last report {told:.3f} s after the command")
        findings.notes.append(f"the last trade {viewer.heard_at['trades'] - began:.3f} s after the command")
        findings.faults += verdict.faults
        _compare(owners, replay.reports, findings)
        gaps = [gap for each in everybody for gap in each.gaps]
        # Of depth, a session that is sent so much else gets a snapshot when it has caught up (gateway/outbox.py).
        again = clock.snapshots["status"] + viewer.snapshots["trades"] + viewer.snapshots["full"] - 3
        feed = replay.partition.market_data.feeds[symbol]
        ends = (clock.last["status"], viewer.last["trades"], viewer.last["full"], viewer.last["book"])
        whole = ends == (feed.status.seq, feed.trades.seq, feed.full.seq, feed.levels.seq)
        text = f"{len(gaps)} gaps, {again} snapshots in between, {'whole' if whole else 'cut short'}"
        holds = whole and not gaps and not again
        findings.measure("frames of status, trades, book and full", text, "whole, without gaps", holds=holds)
        leads = [len(worker.lines("partition.leading")) for worker in exchange.workers]
        same = await exchange.leader_of(0) is leader and sum(leads) == 1
        findings.measure("the leader", "the same" if same else f"has changed, {leads}", "the same", holds=same)
        findings.faults += [f"{name} was cut off" for name, owner in owners.items() if owner.lost]
        findings.faults += [f"a listener was cut off from {[*each.last]}" for each in (clock, viewer) if each.lost]
        for each in everybody:
            await each.close()
    return findings


def _call(symbol: str, run: Run) -> Iterator[Command]:
    """A call whose orders overlap so much that most of them trade."""
    choice = random.Random(run.seed)  # noqa: S311 - to be repeated, not to be secret
    yield bulk.listing(symbol)
    yield SetPhase(symbol, AUCTION)
    for number in range(run.orders):
        side = number % 2
        steps = choice.randint(0, STEPS)
        price = PRICE + steps if side == BUY else PRICE - steps
        account = WHALE if choice.random() < WHALE_SHARE else ACCOUNTS[1 + number % (len(ACCOUNTS) - 1)]
        quantity = choice.randint(1, 100) * UNIT
        yield PlaceOrder(account, symbol, f"call-{number}", side, LIMIT, quantity, price * bulk.TICK)


def _channel(name: str, symbol: str) -> dict[str, object]:
    return {"channel": name, "symbols": [symbol]}


async def _owner(exchange: Exchange, account: str) -> Listener:
    return await Listener.open(exchange.urls[0], exchange.token(account), {"channel": "orders"})


async def _end_call(exchange: Exchange, symbol: str, clock: Listener, findings: Findings) -> float:
    """The operator's word; when it was given."""
    loop = asyncio.get_running_loop()
    api = Api(exchange.urls[0], own_admin_token(exchange.data_dir), GIVE_UP_SECONDS)
    trader = await Listener.open(exchange.urls[0], exchange.token("trader"))
    began = loop.time()
    word = asyncio.create_task(asyncio.to_thread(api.post, f"{path_of(symbol)}/phase", {"phase": "continuous"}))
    await asyncio.sleep(NEXT_SECONDS)
    await trader.ask(
        "order.place",
        {
            "symbol": symbol,
            "client_order_id": "next",
            "side": "buy",
            "type": "limit",
            "quantity": "1",
            "price": "1.00",
        },
    )
    answered = loop.time() - began
    await word
    findings.notes.append(f"the operator was answered after {loop.time() - began:.3f} s at the latest")
    await until(lambda: clock.statuses[-1][0] == "continuous", GIVE_UP_SECONDS)
    await trader.close()
    findings.seconds("status `continuous`", [clock.statuses[-1][1] - began], ANSWER_SECONDS)
    findings.seconds("the next order's answer", [answered], ANSWER_SECONDS)
    return began


async def _until_quiet(everybody: list[Listener]) -> None:
    """Wait until nothing comes any more: what is missing then never comes."""
    loop = asyncio.get_running_loop()
    await until(
        lambda: all(loop.time() - at > QUIET_SECONDS for each in everybody for at in each.heard_at.values()),
        GIVE_UP_SECONDS,
    )


def _compare(owners: dict[str, Listener], reports: dict[str, dict[int, bytes]], findings: Findings) -> None:
    """Every report of the uncross came once, in order, and is the one that the journal gives."""
    count = wrong = 0
    for account, owner in owners.items():
        made = reports[account]
        first = min(owner.reports, default=0)
        expected = {number: report for number, report in made.items() if number >= first}
        count += len(owner.reports)
        if owner.reports != expected or owner.snapshots["orders"] != 1:
            wrong += 1
            findings.faults.append(f"{account} heard {len(owner.reports)} reports of {len(expected)}")
    text = f"{count:,}, of {len(owners)} accounts; {wrong} accounts with faults"
    findings.measure("reports", text, "each, once, in order", holds=wrong == 0 and count > 0)
