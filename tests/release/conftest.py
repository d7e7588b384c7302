"""The release is built once, beside the tests that run before these (prepare.py)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
SECONDS_MAX: Final = 900.0


class Preparation:
    """The process that builds and installs, and where it leaves things."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.release.prepare", str(folder)], cwd=ROOT, start_new_session=True
        )

    def wait(self) -> Path:
        """The folder, when everything is in it; fails with the last words of the step that failed."""
        code = self._process.wait(SECONDS_MAX)
        logs = sorted(self.folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
        assert code == 0, f"{logs[-1].name}: …{logs[-1].read_text()[-4000:]}"
        return self.folder

    def stop(self) -> None:
        """End it, whatever it is at: nobody waits any more."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


PREPARATION: Final = pytest.StashKey[Preparation]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin at once where a test of this folder will run: until then the second core has little to do."""
    if not session.config.option.collectonly and any(HERE in item.path.parents for item in session.items):
        factory: pytest.TempPathFactory = getattr(session.config, "_tmp_path_factory")  # noqa: B009 - no public name yet
        folder = factory.mktemp("release")
        session.stash[PREPARATION] = Preparation(folder)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave no build running behind a session that was ended."""
    if PREPARATION in session.stash:
        session.stash[PREPARATION].stop()


@pytest.fixture(scope="session")
def release(request: pytest.FixtureRequest) -> Path:
    """The folder of everything built and installed."""
    return request.session.stash[PREPARATION].wait()
