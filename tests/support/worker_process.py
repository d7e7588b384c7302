"""A worker as a user runs it, in a process of its own that can be killed, frozen and asked to go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openbell.local import lifeline
from streams.settings import StreamSettings

END_SECONDS = 20


class WorkerProcess:
    """One life of `openbell worker`; what it logs is in `log_file`."""

    def __init__(self, settings: StreamSettings, log_file: Path) -> None:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("OPENBELL_")} | {
            lifeline.PARENT: str(os.getpid()),
            "OPENBELL_NATS_URL": settings.nats_url,
            "OPENBELL_PARTITIONS": str(settings.partitions),
            "OPENBELL_JOURNAL_MAX_BYTES": str(settings.journal_max_bytes),
            "OPENBELL_LEASE_TTL_SECONDS": str(settings.lease_ttl_seconds),
            "OPENBELL_LOG_FORMAT": "json",
        }
        self._log_file = log_file
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "openbell", "worker"],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def events(self) -> list[dict[str, Any]]:
        """What it has logged so far."""
        return [json.loads(line) for line in self._log_file.read_text().splitlines() if line.startswith("{")]

    @property
    def worker(self) -> str:
        """The id that it has in leases; empty until it is connected."""
        return next((str(event["worker"]) for event in self.events if event["event"] == "worker.started"), "")

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Its log lines of one kind."""
        return [line for line in self.events if line["event"] == event]

    def kill(self) -> None:
        """End it where it stands."""
        self._process.kill()
        self._process.wait(END_SECONDS)

    def terminate(self) -> None:
        """Ask it to go."""
        self._process.terminate()

    def wait(self) -> int:
        """Wait for its end, and give the exit code."""
        return self._process.wait(END_SECONDS)

    def freeze(self) -> None:
        """Let it stand still."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self._process.poll() is None:
            self.kill()


@contextmanager
def worker_processes(settings: StreamSettings, directory: Path) -> Iterator[list[WorkerProcess]]:
    """A list that `start_worker` fills; all of it is ended with the block."""
    workers: list[WorkerProcess] = []
    try:
        yield workers
    finally:
        for worker in workers:
            worker.end()
