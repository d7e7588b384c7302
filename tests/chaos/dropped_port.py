"""A port whose packets are dropped without a word, in both directions: needs root and iptables."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


def possible() -> bool:
    """Whether this machine lets us."""
    return os.geteuid() == 0 and shutil.which("iptables") is not None


@contextmanager
def dropped(port: int) -> Iterator[None]:
    """Drop what goes to and comes from a TCP port of this machine for the length of a block."""
    rules = [["INPUT", "-i", "lo", "-p", "tcp", end, str(port), "-j", "DROP"] for end in ("--dport", "--sport")]
    made: list[list[str]] = []
    try:
        for rule in rules:
            subprocess.run(["iptables", "-w", "-I", *rule], check=True)
            made.append(rule)
        yield
    finally:
        for rule in made:
            subprocess.run(["iptables", "-w", "-D", *rule], check=True)
