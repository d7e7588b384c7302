"""The directory of a local exchange: its secret and its lock."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from openbell.errors import Fault
from openbell.local.data_dir import DataDir, Lock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    found = DataDir(tmp_path / "exchange")
    found.prepare()
    return found


def test_a_secret_is_made_once_and_for_its_owner(data_dir: DataDir) -> None:
    """The first preparation makes 32 bytes or more that only the owner may read, the second keeps them."""
    secret = data_dir.secret()
    data_dir.prepare()
    assert data_dir.secret() == secret
    assert len(secret) >= 32
    assert data_dir.secret_file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in data_dir.secret_file.parent.iterdir()) == ["jwt-secret"]


def test_two_directories_have_two_secrets(tmp_path: Path) -> None:
    """A token of one exchange opens no other."""
    first, second = DataDir(tmp_path / "a"), DataDir(tmp_path / "b")
    first.prepare()
    second.prepare()
    assert first.secret() != second.secret()


def test_a_directory_without_an_exchange_says_how_to_make_one(tmp_path: Path) -> None:
    """Asking for the secret of nothing names the missing file and `openbell up`."""
    with pytest.raises(Fault, match="there is no exchange") as caught:
        DataDir(tmp_path / "nothing").secret()
    assert "openbell up" in caught.value.mend


def test_a_place_that_cannot_hold_a_directory_says_so(tmp_path: Path) -> None:
    """A file in the way is told as such, not as a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Fault, match="cannot be used"):
        DataDir(tmp_path / "file" / "below").prepare()


def test_a_directory_that_cannot_be_written_to_says_so(data_dir: DataDir) -> None:
    """As on a read-only disk, where all that `prepare` makes is there and the lock is the first thing written."""
    data_dir.lock_file.mkdir()  # what is no file cannot be opened for writing, whoever asks
    with pytest.raises(Fault, match=r"the data directory .* cannot be used: Is a directory") as caught:
        Lock(data_dir)
    assert "read-only" in caught.value.mend


def test_one_exchange_at_a_time(data_dir: DataDir) -> None:
    """A second lock is refused with the address and process of the first, and granted when that is gone."""
    first = Lock(data_dir)
    first.describe(pid=4711, url="http://127.0.0.1:9999")
    with pytest.raises(Fault, match=r"already runs on .* at http://127.0.0.1:9999 \(process 4711\)"):
        Lock(data_dir, wait_seconds=0.1)
    first.close()
    Lock(data_dir).close()


def test_a_child_keeps_the_lock_of_a_dead_parent(data_dir: DataDir) -> None:
    """The lock is free only when every process that was handed it has ended."""
    lock = Lock(data_dir)
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock.descriptor,)
    ) as child:
        lock.close()
        with pytest.raises(Fault, match="already runs"):
            Lock(data_dir, wait_seconds=0.1)
        child.communicate(b"\n")
    Lock(data_dir).close()


def test_what_runs_is_known_while_it_runs(data_dir: DataDir) -> None:
    """`running` tells what the exchange wrote about itself, and nothing once it is over."""
    assert data_dir.running() is None
    lock = Lock(data_dir)
    lock.describe(pid=os.getpid(), url="http://127.0.0.1:8080")
    assert data_dir.running() == {"pid": os.getpid(), "url": "http://127.0.0.1:8080"}
    lock.close()
    assert data_dir.running() is None
