"""Data directory of a local exchange: its secrets, its journals, and the lock of the exchange that runs on it.

    DATA_DIR/lock                 the exchange that runs here, as JSON; locked by `openbell up` and its children
    DATA_DIR/secrets/jwt-secret   signs the tokens of `openbell token`; readable by its owner alone
    DATA_DIR/nats/                the store of the embedded nats-server
    DATA_DIR/evidence/            evidence of partitions that stopped (streams/audit/evidence.py)

The lock is the kernel's, flock(2): it ends with the last process that has it, however that process ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from openbell.errors import Fault

SECRET_BYTES: Final = 48
OWNER_ONLY: Final = 0o077
"""Permission bits that nobody but the owner may have on a secret."""

LOCK_WAIT_SECONDS: Final = 3.0
"""How long the processes of a killed exchange may take to disappear before the exchange counts as running."""

LOCK_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True)
class DataDir:
    """The paths of one local exchange."""

    path: Path

    @property
    def secret_file(self) -> Path:
        """The file of the secret that signs local tokens."""
        return self.path / "secrets" / "jwt-secret"

    @property
    def lock_file(self) -> Path:
        """The file that is locked while an exchange runs here."""
        return self.path / "lock"

    @property
    def nats(self) -> Path:
        """The directory of the embedded nats-server's store."""
        return self.path / "nats"

    def prepare(self) -> None:
        """Make missing directories and the secret; existing ones stay."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.secret_file.parent.mkdir(mode=0o700, exist_ok=True)
            self.nats.mkdir(mode=0o700, exist_ok=True)
            _create_secret(self.secret_file)
        except OSError as error:
            raise unusable(self, error) from error

    def secret(self) -> bytes:
        """The secret that signs local tokens, as a gateway reads it."""
        try:
            return self.secret_file.read_bytes().rstrip(b"\r\n")
        except FileNotFoundError as error:
            raise Fault(
                f"there is no exchange in {self.path}: {self.secret_file} is missing",
                "Name its directory with --data-dir, or make one with `openbell up`.",
            ) from error
        except OSError as error:
            raise Fault(
                f"{self.secret_file} cannot be read: {error.strerror}",
                "Run this as the user who runs the exchange.",
            ) from error

    def running(self) -> dict[str, Any] | None:
        """The description that the exchange running here has written; None if none runs."""
        try:
            descriptor = os.open(self.lock_file, os.O_RDONLY)
        except OSError:
            return None
        try:
            if _locked(descriptor, fcntl.LOCK_SH):
                return None
            return _who(self.lock_file)
        finally:
            os.close(descriptor)


class Lock:
    """The lock of a data directory, shared by this process and the children that inherit `descriptor`."""

    def __init__(self, data_dir: DataDir, wait_seconds: float = LOCK_WAIT_SECONDS) -> None:
        """Acquire the lock; a `Fault` names the exchange that has it."""
        self._file = data_dir.lock_file
        try:
            self.descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise unusable(data_dir, error) from error
        deadline = time.monotonic() + wait_seconds
        while not _locked(self.descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                os.close(self.descriptor)
                raise _taken(data_dir)
            time.sleep(LOCK_POLL_SECONDS)
        self.describe(pid=os.getpid())

    def describe(self, **facts: object) -> None:
        """Write the description of this exchange, for another `openbell up` and for `openbell doctor`."""
        try:
            self._file.write_text(json.dumps(facts))
        except OSError as error:
            raise unusable(DataDir(self._file.parent), error) from error

    def close(self) -> None:
        """Release the lock here; children that inherited it keep it."""
        os.close(self.descriptor)


def unusable(data_dir: DataDir, error: OSError) -> Fault:
    """The fault of a directory that cannot be written to: a read-only or full disk, another owner's, no directory."""
    return Fault(
        f"the data directory {data_dir.path} cannot be used: {error.strerror or error}",
        "Name a directory that you may write to with --data-dir, on a disk that has room and is not read-only.",
    )


def _taken(data_dir: DataDir) -> Fault:
    who = _who(data_dir.lock_file)
    where = f" at {who['url']}" if "url" in who else ""
    return Fault(
        f"an exchange already runs on {data_dir.path}{where} (process {who.get('pid', 'unknown')})",
        "Stop it with Ctrl-C in its terminal, or choose another --data-dir and --port.",
    )


def _who(lock_file: Path) -> dict[str, Any]:
    try:
        who = json.loads(lock_file.read_text())
    except (OSError, ValueError):
        return {}
    return who if isinstance(who, dict) else {}


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _create_secret(path: Path) -> None:
    """Write a new secret unless one exists; atomically, so that a crash leaves no empty file."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
