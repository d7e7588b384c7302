"""How long an order may wait while a partition goes from one worker to another, on virtual time: the protocol's part.

What a machine adds is measured by `make chaos`.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from streams import subjects
from streams.errors import Busy, OutcomeUnknown
from streams.leadership.roster import lease_key, standby_key
from tests.simulation.by_hand import Simulated, simulated
from tests.simulation.exchange import Role
from tests.simulation.network import process_of
from tests.support.exchange import buy

if TYPE_CHECKING:
    from collections.abc import Iterator

KILLED_SECONDS = 2.0
"""From a leader's end to the first answer of its standby; a client waits for five."""

HANDOVER_SECONDS = 0.1
FROZEN_SECONDS = 6.0
INTERVAL = 0.02
SETTLED_SECONDS = 30.0


class Flow:
    """An order each INTERVAL through a gateway: when each was sent, and how long it waited for its answer."""

    def __init__(self, made: Simulated) -> None:
        self.waited: dict[float, float] = {}
        self.failed: list[str] = []
        self._world = made.world
        self._process = made.exchange.gateways[0].process
        self._placing = self._process.loop.create_task(self._run())
        self._sent = 0

    async def _run(self) -> None:
        while True:
            self._process.loop.create_task(self._place(f"n{self._sent}"))
            self._sent += 1
            await asyncio.sleep(INTERVAL)

    async def _place(self, name: str) -> None:
        sent = self._world.now
        assert self._process.services is not None
        try:
            outcome = await self._process.services.venue.submit(0, buy("anna", "S0", 1, 100, name))
        except (Busy, OutcomeUnknown) as error:
            self.failed.append(type(error).__name__)
        else:
            assert json.loads(outcome.body)["client_order_id"] == name
            self.waited[sent] = self._world.now - sent

    def end(self) -> None:
        """Wait for the last answer; all of them are answers, and none says that it is busy or not known."""
        self._placing.cancel()
        assert self._world.run(SETTLED_SECONDS, lambda: len(self.waited) + len(self.failed) == self._sent)
        assert not self.failed

    def answers_again(self, since: float) -> bool:
        """Whether an order that was sent after a moment has its answer."""
        return any(sent > since for sent in self.waited)


def leads(made: Simulated, key: str) -> str:
    """The worker that a key of the leases names; "" for none."""
    stored = made.broker.streams["KV_LEASES"].last_of(f"$KV.LEASES.{key}")
    return "" if stored is None else stored.payload.decode()


def followed(made: Simulated) -> bool:
    """Whether the partition has a standby, and it has loaded."""
    return leads(made, standby_key(0)) not in {"", leads(made, lease_key(0))} and made.count("standby.following") > 0


@contextmanager
def flowing() -> Iterator[tuple[Simulated, Flow]]:
    """An exchange with a standby and orders on their way, and how they fare."""
    with simulated(clustered=False) as made:
        listed = made.exchange.gateways[0].process.loop.create_task(made.exchange.list_instruments({"S0": 0}))
        assert made.world.run(SETTLED_SECONDS, lambda: listed.done() and followed(made))
        flow = Flow(made)
        made.world.run(1.0)
        yield made, flow
        flow.end()


def leader(made: Simulated) -> Role:
    """The worker's process that answers the partition's questions."""
    asked = subjects.query(0)
    clients = [each for each in made.broker.clients if any(s[0] == asked for s in each.subscriptions.values())]
    (led,) = [role for role in made.exchange.workers if role.process in {process_of(client) for client in clients}]
    return led


def test_a_killed_leaders_standby_answers_in_time() -> None:
    """Kill -9, with no farewell: no order is refused or unknown, and none has waited longer than this."""
    with flowing() as (made, flow):
        killed = made.world.now
        leader(made).process.kill()
        assert made.world.run(KILLED_SECONDS, lambda: flow.answers_again(killed))
    assert max(flow.waited.values()) < KILLED_SECONDS


def test_a_frozen_leaders_standby_answers_in_time() -> None:
    """It is found out by its silence, so a lease's time comes on top; what it does when it thaws changes nothing."""
    with flowing() as (made, flow):
        frozen = made.world.now
        leader(made).process.freeze(FROZEN_SECONDS)
        lease = made.exchange.settings.lease_ttl_seconds
        assert made.world.run(KILLED_SECONDS + lease, lambda: flow.answers_again(frozen))
        made.world.run(FROZEN_SECONDS)
    assert max(flow.waited.values()) < KILLED_SECONDS + lease


def test_a_worker_that_is_asked_to_go_hands_over_at_once() -> None:
    """SIGTERM: hardly anybody notices."""
    with flowing() as (made, flow):
        leaving = leader(made)
        leaving.ask_to_stop()
        assert made.world.run(SETTLED_SECONDS, lambda: not leaving.process.alive)
        assert made.count("partition.handed_over") == 1
    assert max(flow.waited.values()) < HANDOVER_SECONDS


def test_an_operator_moves_a_partition_at_once() -> None:
    """The standby leads when the answer comes, and hardly anybody notices."""
    with flowing() as (made, flow):
        after = leads(made, standby_key(0))
        gateway = made.exchange.gateways[0].process
        assert gateway.services is not None
        gone = gateway.loop.create_task(gateway.services.venue.hand_over(0))
        assert made.world.run(SETTLED_SECONDS, gone.done)
        assert (gone.result().to, leads(made, lease_key(0))) == (after, after)
    assert max(flow.waited.values()) < HANDOVER_SECONDS
