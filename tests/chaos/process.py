"""A process that may be killed, frozen and started again, writing into a log file of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

END_SECONDS = 20.0
POLL_SECONDS = 0.01


class Process:
    """One role. It is started anew by `start` after each end; the log goes on in the same file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log_file: Path) -> None:
        self.name = name
        self.command = list(command)
        self.environment = dict(environment)
        self.log_file = log_file
        self.frozen = False
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def start(self) -> None:
        """Start it; `lines` begins anew."""
        assert not self.alive, f"{self.name} runs already"
        self._log_start = self.log_file.stat().st_size if self.log_file.exists() else 0
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def pid(self) -> int:
        """The process id of its present life."""
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs; a frozen one does."""
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; to one that is gone, nothing."""
        if self.alive:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it where it stands."""
        self.frozen = False
        self.signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.signal(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop its clock, so to speak: it does nothing and its connections stay open."""
        self.frozen = True
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on as if nothing had happened."""
        self.frozen = False
        self.signal(signal.SIGCONT)

    async def ended(self, seconds: float = END_SECONDS) -> int:
        """Wait for its end and give the exit code; one that does not end is killed, and the code is then -9."""
        assert self._process is not None
        deadline = asyncio.get_running_loop().time() + seconds
        while self._process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                self.kill()
                self._process.wait(END_SECONDS)
            await asyncio.sleep(POLL_SECONDS)
        return self._process.returncode

    async def stop(self) -> None:
        """Have it end in good order, frozen or not."""
        if self._process is not None:
            self.thaw()
            self.terminate()
            await self.ended()

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """What it has logged in its present life, of one event if it is named."""
        if not self.log_file.exists():
            return []
        with self.log_file.open("rb") as log:
            log.seek(self._log_start)
            found = [_parsed(line) for line in log]
        return [line for line in found if line and (not event or line.get("event") == event)]

    def resident_bytes(self) -> int:
        """Memory it holds now."""
        words = Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(words[1]) * os.sysconf("SC_PAGE_SIZE")

    def descriptors(self) -> int:
        """Files and sockets it has open now."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
