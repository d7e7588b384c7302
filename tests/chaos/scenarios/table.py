"""The scenarios by name, each with how it is run when nothing else is said."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.chaos.run import Run, Scenario
from tests.chaos.scenarios.at_random import at_random, at_random_in_a_cluster
from tests.chaos.scenarios.clock_step import clock_step
from tests.chaos.scenarios.cut_off import cut_off
from tests.chaos.scenarios.cut_off_node import cut_off_node
from tests.chaos.scenarios.cut_server import cut_server
from tests.chaos.scenarios.damage import damage
from tests.chaos.scenarios.damaged_copy import damaged_copy
from tests.chaos.scenarios.disk_full import disk_full
from tests.chaos.scenarios.freeze_leader import freeze_leader
from tests.chaos.scenarios.full_journal import full_journal
from tests.chaos.scenarios.handover import handover
from tests.chaos.scenarios.kill_gateway import kill_gateway
from tests.chaos.scenarios.kill_leader import kill_leader
from tests.chaos.scenarios.kill_nats import kill_nats
from tests.chaos.scenarios.kill_node import kill_node
from tests.chaos.scenarios.large_uncross import large_uncross
from tests.chaos.scenarios.late_commands import late_commands
from tests.chaos.scenarios.long_journal import long_journal
from tests.chaos.scenarios.soak import soak

HERE: Final = Path()
"""Stands for a directory that whoever runs it chooses."""

SCENARIOS: Final[dict[str, tuple[Scenario, Run]]] = {
    "kill-leader": (kill_leader, Run(HERE, times=50)),
    "handover": (handover, Run(HERE, times=20)),
    "freeze-leader": (freeze_leader, Run(HERE, times=4)),
    "kill-gateway": (kill_gateway, Run(HERE, times=10)),
    "kill-nats": (kill_nats, Run(HERE, times=10)),
    "kill-node": (kill_node, Run(HERE, times=4)),
    "cut-off": (cut_off, Run(HERE, times=3)),
    "cut-off-node": (cut_off_node, Run(HERE, times=9)),
    "cut-server": (cut_server, Run(HERE, times=2)),
    "disk-full": (disk_full, Run(HERE, rate=400.0)),
    "full-journal": (full_journal, Run(HERE, times=5)),
    "damage": (damage, Run(HERE)),
    "damaged-copy": (damaged_copy, Run(HERE)),
    "late-commands": (late_commands, Run(HERE, times=3)),
    "clock-step": (clock_step, Run(HERE)),
    "large-uncross": (large_uncross, Run(HERE)),
    "long-journal": (long_journal, Run(HERE)),
    "random": (at_random, Run(HERE, seconds=300.0)),
    "random-cluster": (at_random_in_a_cluster, Run(HERE, seconds=300.0)),
    "soak": (soak, Run(HERE, seconds=3_600.0)),
}
