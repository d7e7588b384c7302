"""The scenarios in their shortest form: each fault once. `make chaos` does them at length and measures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos import dropped_port
from tests.chaos.findings import Findings
from tests.chaos.run import Run
from tests.chaos.scenarios.table import SCENARIOS

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def run(tmp_path):
    """Do a scenario once, in miniature; nothing that the judge compares may differ."""

    async def begin(name: str, **more: float) -> Findings:
        scenario, usual = SCENARIOS[name]
        asked: Run = replace(usual, directory=tmp_path, times=1, rate=100.0, **more)
        findings = await scenario(asked)
        assert not findings.faults, findings.faults
        return findings

    return begin


def held(findings: Findings, what: str) -> bool:
    """Whether the measures whose names begin so are there and hold."""
    found = [measure for measure in findings.measures if measure.what.startswith(what)]
    return bool(found) and all(measure.holds for measure in found)


async def test_a_killed_leader_costs_nobody_an_answered_order(run):
    """Another worker goes on, and ledgers, journals and events agree."""
    assert held(await run("kill-leader"), "ledgers")


async def test_a_thawed_leader_changes_nothing(run):
    """There is one history, and the leader that was frozen steps down."""
    assert held(await run("freeze-leader"), "ledgers")


async def test_nobody_is_refused_by_a_rolling_restart(run):
    """Workers and gateways are restarted in turn and no order is answered `busy`."""
    findings = await run("handover")
    assert held(findings, "ledgers")
    assert held(findings, "handovers")
    assert held(findings, "gateways")


async def test_clients_of_a_killed_gateway_resume_elsewhere(run):
    """They miss no report and have none twice."""
    assert held(await run("kill-gateway"), "ledgers")


async def test_a_killed_server_has_all_that_was_answered(run):
    """nats-server killed with -9 and started again: trading resumes by itself."""
    assert held(await run("kill-nats"), "ledgers")


async def test_a_cluster_outlives_one_node(run):
    """The node that led a journal is killed; nothing that was answered is lost."""
    assert held(await run("kill-node"), "ledgers")


@pytest.mark.skipif(not dropped_port.possible(), reason="dropping packets needs root and iptables")
async def test_a_gateway_that_is_cut_off_says_so(run):
    """Its clients are told `busy` or `outcome_unknown`, and nobody waits in silence."""
    findings = await run("cut-off")
    assert held(findings, "ledgers")
    assert held(findings, "clients")


async def test_damage_is_found_and_named(run):
    """A partition whose journal was damaged stays shut and says where; its history is what it was."""
    findings = await run("damage")
    assert held(findings, "bit flipped")
    assert held(findings, "megabyte cut off")


async def test_faults_at_random(run):
    """Twenty seconds of everything."""
    assert held(await run("random", seconds=20.0), "ledgers")
