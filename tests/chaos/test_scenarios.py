"""The scenarios that between them do every fault, in their shortest form. `make chaos` does them at length."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos import dropped_port
from tests.chaos.findings import Findings
from tests.chaos.scenarios.table import SCENARIOS

if TYPE_CHECKING:
    from pathlib import Path

Scenarios = Callable[..., Awaitable[Findings]]

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def run(tmp_path: Path) -> Scenarios:
    """Do a scenario once, in miniature; nothing that the judge compares may differ."""

    async def begin(name: str, **more: Any) -> Findings:
        scenario, usual = SCENARIOS[name]
        asked = replace(usual, directory=tmp_path, times=1, rate=100.0, **more)
        findings = await scenario(asked)
        assert not findings.faults, findings.faults
        return findings

    return begin


def held(findings: Findings, what: str) -> bool:
    """Whether the measures whose names begin so are there and hold."""
    found = [measure for measure in findings.measures if measure.what.startswith(what)]
    return bool(found) and all(measure.holds for measure in found)


async def test_faults_at_random(run: Scenarios) -> None:
    """Workers, gateways and the server are killed and frozen under load; ledgers, journals and events agree."""
    findings = await run("random", seconds=20.0)
    assert held(findings, "ledgers")
    assert held(findings, "live orders")


async def test_faults_at_random_in_a_cluster(run: Scenarios) -> None:
    """The same where nats-server is a cluster of three."""
    assert held(await run("random-cluster", seconds=15.0), "ledgers")


async def test_nobody_is_refused_by_a_rolling_restart(run: Scenarios) -> None:
    """Workers and gateways are restarted in turn and no order is answered `busy`."""
    findings = await run("handover")
    assert held(findings, "ledgers")
    assert held(findings, "handovers")
    assert held(findings, "gateways")


async def test_an_uncross_keeps_its_leader(run: Scenarios) -> None:
    """Thousands of trades in one message: the leader goes on leading, and everybody hears everything, in order."""
    findings = await run("large-uncross", orders=8_000)
    assert held(findings, "the leader")
    assert held(findings, "reports")
    assert held(findings, "frames")


@pytest.mark.skipif(not dropped_port.possible(), reason="dropping packets needs root and iptables")
async def test_a_gateway_that_is_cut_off_says_so(run: Scenarios) -> None:
    """Its clients are told `busy` or `outcome_unknown`, and nobody waits in silence."""
    findings = await run("cut-off")
    assert held(findings, "ledgers")
    assert held(findings, "clients")
