"""Ten times what a journal holds, with workers killed while they trim: no cancel is busy, and the audit is clean."""

from __future__ import annotations

import asyncio
from typing import Final

from tests.chaos.findings import Findings
from tests.chaos.run import Run
from tests.support.filling import Filling
from tests.support.local_exchange import LocalExchange, kill

JOURNAL_BYTES: Final = 2_000_000
TIMES: Final = 10
ROUNDS_AT_ONCE: Final = 20
SETTINGS: Final = {"OPENBELL_JOURNAL_MAX_BYTES": str(JOURNAL_BYTES), "OPENBELL_RATE_LIMITS": "off"}


async def full_journal(run: Run) -> Findings:
    """Run `openbell up` with two workers and a journal of two megabytes; kill a worker `run.times` times on the way."""
    return await asyncio.to_thread(_trade, run)


def _trade(run: Run) -> Findings:
    findings = Findings("full-journal")
    exchange = LocalExchange(run.directory / "exchange", "--partitions", "1", "--workers", "2", settings=SETTINGS)
    try:
        exchange.wait_until_ready()
        with Filling(exchange) as market:
            kills = _until_written(market, exchange, run.times)
            refused = [error["code"] for error in market.refused]
            findings.measure("written", f"{market.written() / JOURNAL_BYTES:.1f} journals", f">= {TIMES}", holds=True)
        busy = refused.count("busy")
        findings.measure("cancels refused", f"{busy} busy, {len(refused) - busy} unknown", "0 busy", holds=not busy)
        findings.measure("trades", f"{market.traded}", "> 0", holds=market.traded > 0)
        audit = exchange.command("audit", "--json")
        (partition,) = audit["partitions"]
        seen = f"sequences {partition['first']} to {partition['last']}, clean: {audit['clean']}"
        findings.measure("audit", seen, "clean, from behind 1", holds=audit["clean"] and partition["first"] > 1)
        findings.notes.append(f"workers killed: {kills}; journal.trimmed: {_count(exchange, 'journal.trimmed')} times")
        stopped = _count(exchange, "partition.stopped")
        findings.measure("partitions stopped", str(stopped), "0", holds=stopped == 0)
    finally:
        exchange.kill_everything()
        (run.directory / "up.log").write_text("".join(exchange.lines))
    return findings


def _until_written(market: Filling, exchange: LocalExchange, times: int) -> int:
    """Trade, and kill one of the workers whenever another part of the whole is written; how often that was."""
    kills = 0
    while (written := market.written() / JOURNAL_BYTES) < TIMES:
        if kills < times and written > (kills + 1) * TIMES / (times + 1):
            kill(exchange.children("openbell worker")[kills % 2])
            kills += 1
        for _ in range(ROUNDS_AT_ONCE):
            if not market.round():
                market.wait_for_room()
    return kills


def _count(exchange: LocalExchange, event: str) -> int:
    return sum(event in line for line in exchange.lines)
