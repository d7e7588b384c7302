"""A child does not outlive the process that started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from openbell.local import lifeline
from tests.support.nats import until

CHILD = """
import os, time
from openbell.local.lifeline import end_with_parent
end_with_parent(os.environ)
print(os.getpid(), flush=True)
time.sleep(600)
"""

PARENT = f"""
import os, subprocess, sys, time
environment = dict(os.environ, {lifeline.PARENT}=str(os.getpid()))
subprocess.Popen([sys.executable, "-c", {CHILD!r}], env=environment, start_new_session=True)
time.sleep(600)
"""


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and only not yet waited for by its new parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_a_child_ends_when_its_parent_is_killed() -> None:
    """Killing the parent with -9 takes the child along."""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert not ended(child)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await until(lambda: ended(child))


def test_a_child_that_comes_too_late_does_not_start() -> None:
    """A parent that was gone before the child tied itself to it is noticed."""
    environment = dict(os.environ, **{lifeline.PARENT: "1"})
    run = subprocess.run([sys.executable, "-c", CHILD], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stdout == ""
    assert "is gone" in run.stderr


def test_without_a_parent_named_nothing_is_tied() -> None:
    """A role that was started by hand lives on its own."""
    lifeline.end_with_parent({})
