"""A role alone in its process: it drains when asked, within a bound, and its end has a meaning."""

from __future__ import annotations

import asyncio
import os
import resource
import signal

import pytest
from structlog.testing import capture_logs

from openbell.errors import FAILED, WRONG_USE, Fault
from openbell.local import roles
from streams.errors import ConnectionLost, TopologyMismatch


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_asks_a_role_to_drain(number: signal.Signals) -> None:
    """It finishes what it does, and then the process ends well."""
    finished = []

    async def role(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stop.wait()
        await asyncio.sleep(0)
        finished.append("drained")

    roles.serve(role)
    assert finished == ["drained"]


def test_a_role_that_cannot_drain_is_left() -> None:
    """NATS may be away for ever; the process does not wait for it as long."""

    async def role(_: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.Event().wait()

    with capture_logs() as events:
        roles.serve(role, drain_seconds=0.05)
    assert [event["event"] for event in events] == ["process.not_drained"]


def test_what_can_never_run_is_said_once() -> None:
    """A mismatch of the topology, even out of a task group, is for whoever started it to mend."""

    async def role(_: asyncio.Event) -> None:
        async with asyncio.TaskGroup():
            raise TopologyMismatch("4 partitions, not 3")

    with pytest.raises(Fault, match="4 partitions, not 3") as caught:
        roles.serve(role)
    assert caught.value.code == WRONG_USE


def test_any_other_failure_is_logged_and_may_be_tried_again() -> None:
    """The exit code tells the supervisor to start the role again."""

    async def role(_: asyncio.Event) -> None:
        raise ConnectionLost("gone")

    with capture_logs() as events, pytest.raises(SystemExit) as caught:
        roles.serve(role)
    assert caught.value.code == FAILED
    assert [event["event"] for event in events] == ["process.failed"]


def test_a_role_may_open_as_many_files_as_the_system_allows() -> None:
    """The soft limit of a login shell would end a gateway's growth at a thousand clients."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        roles.raise_files_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
