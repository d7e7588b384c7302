"""A journal that is far too small: cancels and operators get through, and trimming makes room for months of trading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.filling import Filling
from tests.support.local_exchange import LocalExchange, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.timeout(300)

JOURNAL_BYTES = 256 * 1024
TIMES = 10
ROUNDS_AT_ONCE = 10
LIMITS_OFF = {"OPENBELL_RATE_LIMITS": "off"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., LocalExchange]]:
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


def test_an_exchange_trades_ten_times_what_its_journal_holds(start: Callable[..., LocalExchange]) -> None:
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


def test_a_journal_that_is_kept_for_ever_says_so_and_lets_operators_in(start: Callable[..., LocalExchange]) -> None:
    """Nothing is dropped: placements are refused in time, cancels and a halt get through, and everybody is told."""
    forever = {"OPENBELL_JOURNAL_RETENTION_SECONDS": "0", "OPENBELL_JOURNAL_RETENTION_BYTES": "0"}
    exchange = start(**forever)
    with Filling(exchange) as market:
        while market.round():
            pass
        assert market.refused == []
        market.cancel()
        room = market.room()
        assert room["takes"] == "cancels"
        assert room["journal_bytes"] < room["journal_max_bytes"]
        status, ready = exchange.try_to_call("GET", "/health/ready")
        (degraded,) = ready["degraded"]
        assert (status, degraded["why"]) == (503, "the journal of partition 0 is nearly full and takes cancels")
        assert exchange.call("GET", "/health/gateway") == {"status": "ok"}
        halt = ("POST", "/v1/admin/instruments/ACME/phase", "operator", {"phase": "halted"}, "admin")
        assert exchange.call(*halt)["phase"] == "halted"
        switch = ("POST", "/v1/admin/kill-switch", "operator", {"active": True}, "admin")
        assert exchange.call(*switch)["active"]
    wait_for(lambda: [line for line in exchange.lines if "journal.filling" in line])
    findings = exchange.command("doctor", "--only", "room", "--json")["findings"]
    assert [(row["check"], row["status"]) for row in findings] == [("room", "warn")]
