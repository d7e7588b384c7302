"""Packets of this machine that are dropped without a word, in both directions: needs root and iptables."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

ESTABLISHED = "01"


def possible() -> bool:
    """Whether this machine lets us."""
    return os.geteuid() == 0 and shutil.which("iptables") is not None


def dropped(port: int) -> AbstractContextManager[None]:
    """Drop what goes to and comes from a TCP port of this machine for the length of a block."""
    return _rules([["--dport", str(port)], ["--sport", str(port)]])


def cut_off(pid: int, own_port: int, ports: Iterable[int]) -> AbstractContextManager[None]:
    """Drop what a process and others say to each other through `ports`, and whatever dials any of them, likewise.

    Connections stay as they are and nobody is told, as when a switch fails.
    """
    pairs = [pair for pair in connections_of(pid) if set(pair) & set(ports)]
    rules = [["--sport", str(one), "--dport", str(other)] for pair in pairs for one, other in (pair, pair[::-1])]
    return _rules([["--dport", str(own_port)], *[["--dport", str(port), "--syn"] for port in ports], *rules])


@contextmanager
def _rules(matches: list[list[str]]) -> Iterator[None]:
    rules = [["INPUT", "-i", "lo", "-p", "tcp", *match, "-j", "DROP"] for match in matches]
    made: list[list[str]] = []
    try:
        for rule in rules:
            subprocess.run(["iptables", "-w", "-I", *rule], check=True)
            made.append(rule)
        yield
    finally:
        for rule in made:
            subprocess.run(["iptables", "-w", "-D", *rule], check=True)


def connections_of(pid: int) -> list[tuple[int, int]]:
    """The TCP connections of a process: own port and the other's."""
    descriptors = Path(f"/proc/{pid}/fd").iterdir()
    sockets = {str(each.readlink()).removeprefix("socket:[").rstrip("]") for each in descriptors if each.is_symlink()}
    found = []
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *rest = line.split()
        if state == ESTABLISHED and rest[5] in sockets:
            found.append((int(local.rpartition(":")[2], 16), int(remote.rpartition(":")[2], 16)))
    return found
