"""Subjects: the names of all subjects, streams and buckets in NATS.

A name from outside (symbol, account, origin) becomes one token of a subject only after `token` has checked it: a `.`,
`*` or `>` in it would reach other clients' subjects.
"""

from __future__ import annotations

import re
import secrets
from functools import lru_cache

LEASES = "LEASES"
DIRECTORY = "DIRECTORY"
SESSIONS = "SESSIONS"

ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
ID_LENGTH = 12

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def token(text: str) -> str:
    """Return `text` if it is safe as one token of a subject."""
    if not _TOKEN.fullmatch(text):
        raise ValueError(f"{text!r} cannot be a token of a NATS subject")
    return text


def new_id() -> str:
    """An id for a process, new at each start: twelve random characters, safe as a token of a subject, 62 bits."""
    return "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


def journal_stream(partition: int) -> str:
    """The stream of a partition's commands."""
    return f"ORDERS_{partition}"


def journal(partition: int) -> str:
    """Where a partition's commands are published."""
    return f"orders.{partition}"


def events_stream(partition: int) -> str:
    """The stream of a partition's events, in step with its journal."""
    return f"EVENTS_{partition}"


def events(partition: int) -> str:
    """Where a partition's events are published."""
    return f"events.{partition}"


def checkpoints_stream(partition: int) -> str:
    """The stream of a partition's checkpoints."""
    return f"CHECKPOINTS_{partition}"


def checkpoint_chunks(partition: int) -> str:
    """Where the chunks of a partition's checkpoints are published …"""
    return f"checkpoints.{partition}.chunk"


def checkpoint_manifests(partition: int) -> str:
    """… and, once all chunks of a checkpoint are stored and verified, its manifest."""
    return f"checkpoints.{partition}.manifest"


def query(partition: int) -> str:
    """Where the partition's leader answers queries."""
    return f"query.{partition}"


def leading(partition: int) -> str:
    """Where a worker announces that it leads the partition from now on."""
    return f"leading.{partition}"


def every_leading() -> str:
    """The announcements of all leaders."""
    return "leading.*"


def answering(partition: int) -> str:
    """Where a partition's leader signs that its orders are answered (streams/leadership/liveness.py)."""
    return f"answering.{partition}"


def every_answering() -> str:
    """The signs of all leaders."""
    return "answering.*"


def worker(worker_id: str) -> str:
    """Where one worker receives requests: pings, and those of handovers."""
    return f"worker.{token(worker_id)}"


def results(origin: str) -> str:
    """Where the answers to one process's commands are published."""
    return f"results.{token(origin)}"


@lru_cache(maxsize=65_536)
def reports(account: str) -> str:
    """Where an account's execution reports are published."""
    return f"exec.{token(account)}"


@lru_cache(maxsize=65_536)
def market_data(symbol: str, channel: str) -> str:
    """Where one public channel of one instrument is published."""
    return f"md.{token(symbol)}.{token(channel)}"


def every_market_data(channel: str) -> str:
    """One public channel of all instruments: for subscribers only."""
    return f"md.*.{token(channel)}"


def bucket_stream(bucket: str) -> str:
    """The stream behind a key-value bucket."""
    return f"KV_{bucket}"


def bucket_key(bucket: str, key: str) -> str:
    """Where a key of a bucket is published; dots in `key` separate tokens that were checked one by one."""
    return f"$KV.{bucket}.{key}"
