"""Promises of a gateway that stands still: kept when it is gone for the promised time, and not before."""

from __future__ import annotations

import pytest

from exchange.commands import CancelAll
from streams.wire import codec
from tests.simulation.by_hand import Simulated, simulated

SWEPT_SECONDS = 15.0
PROMISED_SECONDS = 10.0
"""After the last sign of life (docs/protocol.md, `login`)."""


def canceled(made: Simulated) -> list[tuple[str, str]]:
    """The accounts and sessions for whom the journal has a cancel of all."""
    journal = made.broker.streams["ORDERS_0"]
    messages = [journal.message(sequence) for sequence in range(1, journal.last + 1)]
    commands = [
        command for each in messages if each is not None for command in codec.decode_batch(each.payload).commands
    ]
    return [(each.account, each.session) for each in commands if isinstance(each, CancelAll)]


def promise(made: Simulated, session: str, account: str) -> None:
    """Have the first gateway promise to cancel all orders of an account when a session ends."""
    process = made.exchange.gateways[0].process
    assert process.services is not None
    made_one = process.loop.create_task(process.services.venue.promises.make(session, [(account, "")]))
    assert made.world.run(1.0, made_one.done)
    assert made_one.exception() is None


@pytest.mark.parametrize(("seconds", "expected"), [(3.0, []), (6.0, []), (12.0, [("anna", "")])])
def test_a_gateway_that_stood_still(seconds: float, expected: list[tuple[str, str]]) -> None:
    """Its lease lapses after 4 s, and its promises are kept after 8; before, it is as if nothing had been."""
    with simulated(clustered=False) as made:
        promise(made, "s1", "anna")
        made.exchange.gateways[0].process.freeze(seconds)
        made.world.run(seconds + SWEPT_SECONDS)
        assert canceled(made) == expected
        assert made.well(0)
        promise(made, "s2", "boris")
        made.exchange.gateways[0].process.kill()
        assert made.world.run(PROMISED_SECONDS, lambda: ("boris", "") in canceled(made))
        made.world.run(SWEPT_SECONDS)
        assert sorted(canceled(made)) == sorted([*expected, ("anna", ""), ("boris", "")])


@pytest.mark.parametrize("clustered", [False, True])
def test_a_gateway_that_died_with_everything(clustered: bool) -> None:
    """Its promises are kept within the promised time from when the server is there again."""
    with simulated(clustered=clustered) as made:
        promise(made, "s1", "anna")
        for role in made.exchange.roles:
            role.process.kill()
        made.broker.stop()
        made.world.run(30.0)
        made.broker.start(revived=True)
        assert made.world.run(PROMISED_SECONDS, lambda: canceled(made) == [("anna", "")])
