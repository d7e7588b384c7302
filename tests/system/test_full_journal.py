"""A journal that is far too small: cancels and operators get through, and trimming makes room for months of trading."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.filling import Filling
from tests.support.local_exchange import LocalExchange

pytestmark = pytest.mark.timeout(300)

JOURNAL_BYTES = 256 * 1024
TIMES = 10
ROUNDS_AT_ONCE = 10
LIMITS_OFF = {"OPENBELL_RATE_LIMITS": "off"}


@pytest.fixture
def start(tmp_path: Path):
    """An exchange of one partition with a journal of JOURNAL_BYTES."""
    started = []

    def begin(**settings: str) -> LocalExchange:
        small = {"OPENBELL_JOURNAL_MAX_BYTES": str(JOURNAL_BYTES)}
        exchange = LocalExchange(tmp_path / "exchange", "--partitions", "1", settings=LIMITS_OFF | small | settings)
        started.append(exchange)
        exchange.wait_until_ready()
        return exchange

    yield begin
    for exchange in started:
        exchange.kill_everything()


def test_an_exchange_trades_ten_times_what_its_journal_holds(start):
    """With the settings that nobody set: no cancel is ever refused, and what is left can be audited."""
    exchange = start()
    with Filling(exchange) as market:
        while market.written() < TIMES * JOURNAL_BYTES:
            for _ in range(ROUNDS_AT_ONCE):
                if not market.round():
                    market.wait_for_room()
        assert market.refused == []
        assert market.traded > 0
    assert exchange.command("audit", "--json")["clean"]
