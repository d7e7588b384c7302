"""Podman as root on a machine that need not run it otherwise: what the containers' tests build, start and ask.

Nothing of the machine changes: images, volumes and networks lie below `.make/podman`, configuration in files that
environment variables name, and every command runs in one mount namespace that lives as long as the test. There the
unified cgroup hierarchy is taken away, because crun refuses a hybrid layout. Where no daemon reads /dev/log, a thread
here does: the name server of the containers' network (aardvark-dns) does not start without, and stops answering when
ten of its lines are unread.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

ROOT: Final = Path(__file__).resolve().parents[2]
HOME: Final = ROOT / ".make" / "podman"
PROGRAMS: Final = ("podman", "crun", "buildah", "debootstrap", "unshare", "nsenter", "iptables")
COMMAND_SECONDS_MAX: Final = 1800.0
SYSLOG: Final = Path("/dev/log")

CONTAINERS: Final = """
[containers]
default_ulimits = ["nofile=1024:4096", "nproc=1024:1024"]
[network]
network_config_dir = "{networks}"
"""
"""The defaults ask for more descriptors and processes than every machine gives."""

STORAGE: Final = """
[storage]
driver = "overlay"
graphroot = "{images}"
runroot = "{run}"
"""

NAMESPACE: Final = "umount /sys/fs/cgroup/unified 2>/dev/null; echo ready; exec sleep infinity"


def missing() -> list[str]:
    """What has to be installed first, "root" where the user is another."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    return lacking if os.geteuid() == 0 else [*lacking, "root"]


class Podman:
    """For the length of a block; `run` gives what a command printed, `fails` whether it did not succeed."""

    def __enter__(self) -> Self:
        HOME.mkdir(parents=True, exist_ok=True)
        self._run_root = Path(tempfile.mkdtemp(prefix="openbell-podman-"))
        names = {"networks": HOME / "networks", "images": HOME / "images", "run": self._run_root}
        (HOME / "containers.conf").write_text(CONTAINERS.format(**names))
        (HOME / "storage.conf").write_text(STORAGE.format(**names))
        self._environ = os.environ | {
            "CONTAINERS_CONF": str(HOME / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(HOME / "storage.conf"),
        }
        self._holder = subprocess.Popen(["unshare", "--mount", "bash", "-c", NAMESPACE], stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"ready\n"
        self._syslog = None if SYSLOG.exists() else socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if self._syslog is not None:
            self._syslog.bind(str(SYSLOG))
            threading.Thread(target=_drain, args=(self._syslog,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._holder.kill()
        self._holder.wait()
        if self._syslog is not None:
            SYSLOG.unlink()
            self._syslog.shutdown(socket.SHUT_RDWR)
            self._syslog.close()
        with suppress(OSError):  # a container that did not end has mounts in it
            shutil.rmtree(self._run_root)

    def run(self, *command: str, folder: Path = ROOT, **environ: str) -> str:
        """Run a command among the containers; it fails with all that it printed."""
        run = self.attempt(*command, folder=folder, **environ)
        assert run.returncode == 0, f"{' '.join(command)}\n…{(run.stdout + run.stderr)[-6000:]}"
        return run.stdout

    def attempt(self, *command: str, folder: Path = ROOT, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command among the containers, whatever comes of it."""
        return subprocess.run(
            ["nsenter", "--mount", f"--target={self._holder.pid}", f"--wd={folder}", *command],
            env=self._environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            check=False,
        )

    def has_image(self, name: str) -> bool:
        """Whether an image of this name was made before."""
        return self.attempt("podman", "image", "exists", name).returncode == 0


def _drain(syslog: socket.socket) -> None:
    """Read and forget, until the socket is shut down."""
    with suppress(OSError):
        while syslog.recv(65_536):
            pass
