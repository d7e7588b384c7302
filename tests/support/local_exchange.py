"""A whole exchange started as a user starts it: `openbell up` in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openbell.local.data_dir import DataDir
from openbell.local.tokens import token_for

OF_THE_TREE = (sys.executable, "-m", "openbell")
"""The command line of this tree; an installed one has a program of its own."""

START_SECONDS = 60.0
END_SECONDS = 45.0
POLL_SECONDS = 0.05


class LocalExchange:
    """One life of `openbell up` on a data directory; `facts` is what it said of itself when it was ready.

    options: of the command line. settings: OPENBELL_… variables.
    """

    def __init__(
        self,
        data_dir: Path,
        *options: str,
        program: tuple[str, ...] = OF_THE_TREE,
        folder: Path | None = None,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.data_dir = data_dir
        self._program, self._folder = program, folder
        self.lines: list[str] = []
        self.facts: dict[str, Any] = {}
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENBELL_")}
        self._environ = clean | (settings or {})
        self.process = subprocess.Popen(
            [*program, "up", "--port", "0", "--json", "--data-dir", str(data_dir), *options],
            cwd=folder,
            env=self._environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._ready: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read_errors, daemon=True),
            threading.Thread(target=self._read_ready, daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def wait_until_ready(self) -> None:
        """Wait for the line that says so; fail with what was logged if it does not come."""
        try:
            line = self._ready.get(timeout=START_SECONDS)
        except queue.Empty:
            line = ""
        assert line, "not ready:\n" + "".join(self.lines)
        self.facts = json.loads(line)

    def token(self, account: str, scope: str = "read trade") -> str:
        """A token signed with this exchange's secret."""
        return token_for(DataDir(self.data_dir), account, scope, 600)

    def call(self, method: str, path: str, account: str = "", body: Any = None, scope: str = "read trade") -> Any:
        """One HTTP request; fails unless the answer is a success."""
        status, answer = self.try_to_call(method, path, account, body, scope)
        assert status in {200, 201}, answer
        return answer

    def try_to_call(
        self, method: str, path: str, account: str = "", body: Any = None, scope: str = "read trade"
    ) -> tuple[int, Any]:
        """One HTTP request: status and answer; (0, reason) if nobody answers."""
        headers = {"Content-Type": "application/json"}
        if account:
            headers["Authorization"] = f"Bearer {self.token(account, scope)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - an http URL of our own
            self.facts["url"] + path, data, headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())
        except OSError as error:
            return 0, str(error)

    def command(self, *arguments: str) -> Any:
        """What another command of the command line prints about this exchange, as JSON."""
        environ = {**self._environ, "OPENBELL_DATA_DIR": str(self.data_dir), "OPENBELL_URL": self.facts["url"]}
        run = subprocess.run(
            [*self._program, *arguments],
            cwd=self._folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        return json.loads(run.stdout)

    def children(self, role: str = "") -> list[int]:
        """Process ids of the living children, of one role if it is named."""
        return [pid for pid in children_of(self.process.pid) if role in command_of(pid)]

    def interrupt(self) -> int:
        """Press Ctrl-C and give the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end, with everything it wrote."""
        code = self.process.wait(END_SECONDS)
        for reader in self._readers:
            reader.join(END_SECONDS)
        return code

    def kill_everything(self) -> None:
        """Kill every process with -9, the supervisor first."""
        victims = [self.process.pid, *self.children()]
        for pid in victims:
            kill(pid)
        self.wait()

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self.lines.extend(self.process.stderr)

    def _read_ready(self) -> None:
        assert self.process.stdout is not None
        self._ready.put(self.process.stdout.readline())
        self.process.stdout.read()


def wait_for(condition: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Ask until the answer is true, and give it."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(POLL_SECONDS)
    return answer


def kill(pid: int) -> None:
    """Kill with -9; it may be gone already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def alive(pid: int) -> bool:
    """Whether a process lives; a dead one that nobody has waited for does not."""
    return _state_and_parent(pid)[0] not in {"", "Z"}


def children_of(parent: int) -> list[int]:
    """Living processes whose parent is this one."""
    everybody = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
    return sorted(pid for pid in everybody if alive(pid) and _state_and_parent(pid)[1] == str(parent))


def command_of(pid: int) -> str:
    """A process's command line, words separated by spaces; empty if it is gone."""
    return _read(f"/proc/{pid}/cmdline").replace("\0", " ")


def _state_and_parent(pid: int) -> tuple[str, str]:
    words = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (words[0], words[1]) if words else ("", "")


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
