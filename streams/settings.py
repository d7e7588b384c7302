"""Settings of the streams: read once at the entry point, then passed down.

Times are seconds, sizes bytes. Every field's environment variable is `OPENBELL_` and its name in capitals.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Self

from streams.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "OPENBELL_"

JOURNAL_RETENTION_MIN = 600.0
"""A shorter retention is no useful record, and a store made by an older version cannot be trimmed as finely."""

EVENTS_PER_JOURNAL_BYTES = 3
"""The room of a partition's events, in rooms of its journal."""

KEPT_OF_ROOM = 2
"""Retention keeps at most half of a journal's room, whatever the settings: the rest is for late checkpoints."""


@dataclass(frozen=True)
class StreamSettings:
    """How to reach NATS and how the streams are laid out.

    nats_url: one or several addresses of one cluster, separated by commas; may carry `user:password@`.
    partitions: fixed when the exchange is first started; another number later is refused.
    replicas: copies of each stream: 1 on a single server, 3 in a cluster.
    lease_ttl_seconds: how long a silent worker keeps its partitions. One whose process has ended is found sooner.
    leader_absent_seconds: after so long without a sign of a partition's leader gateways answer `busy` for it. A
        takeover takes two seconds at most on a single server; a cluster that has lost a node needs up to eight.
    journal_max_bytes: room for each partition's journal; its events get three times that.
    journal_retention_seconds, journal_retention_bytes: how long commands and events are kept, and how many bytes of a
        journal, whichever is less; the rest is dropped once checkpoints cover it (retention.py). Never more
        than half of `journal_max_bytes` is kept. 0 is no such bound; both 0 keep everything, until the journal is full.
    checkpoint_commands, checkpoint_seconds: a checkpoint is made after so many commands, or when there were any in so
        long; a restart replays at most what came after it. Making them takes a tenth of the time at most, so under the
        heaviest load there are more commands between two (checkpoint_maker.py).
    batches_in_flight_max: journal messages of one partition sent and not yet acknowledged. With fsync always 2 and 4
        were no faster than 1 (docs/decisions/0009-…), and only 1 keeps its order through a change of a cluster's leader
        without ever giving a batch up.
    commands_waiting_max: commands of one partition that wait for their batch to leave; more are `Busy`.
    ended_orders_total_max, trades_total_max: so many ended orders, and sides of trades that may still be undone, are
        remembered in a partition for all accounts together. What an account may have remembered is its own (24 hours,
        or its latest 100,000); only beyond these totals do those who have most pay for others. A million ended orders
        take about 240 MB of a worker and half a second of a restart, a million sides of trades 540 MB and three
        seconds. All workers should have the same: whoever leads writes its own into the journal.
    outcome_timeout_seconds: then a submitted command's outcome is unknown.
    calendars: a TOML file of calendars, or a folder of such files (calendars.py); "" is none.
    health_port: where a worker says whether what it leads is answered (health.py); 0 is nowhere.
    name: of this process; processes whose names end in a number begin at another of the servers each.
    data_dir: where a partition that stops leaves evidence (evidence.py); "" is nowhere.
    """

    nats_url: str = field(default="nats://127.0.0.1:4222", repr=False)
    partitions: int = 4
    replicas: int = 1
    lease_ttl_seconds: float = 1.2
    leader_absent_seconds: float = 3.0
    journal_max_bytes: int = 512 * 1024 * 1024
    journal_retention_seconds: float = 7 * 86_400.0
    journal_retention_bytes: int = 256 * 1024 * 1024
    checkpoint_commands: int = 100_000
    checkpoint_seconds: float = 300.0
    batches_in_flight_max: int = 1
    commands_waiting_max: int = 10_000
    ended_orders_total_max: int = 2_000_000
    trades_total_max: int = 200_000
    outcome_timeout_seconds: float = 5.0
    calendars: str = ""
    health_port: int = 0
    data_dir: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse what no exchange can run with."""
        for each in fields(self):
            if isinstance(number := getattr(self, each.name), float) and not math.isfinite(number):
                raise SettingsError(f"{PREFIX}{each.name.upper()} is {number}: give a finite number")
        if not self.nats_url:
            raise SettingsError(f"{PREFIX}NATS_URL is empty: give the address of a nats-server")
        if not 1 <= self.partitions <= 256:
            raise SettingsError(f"{PREFIX}PARTITIONS is {self.partitions}: give a number from 1 to 256")
        if self.replicas not in {1, 3, 5}:
            raise SettingsError(f"{PREFIX}REPLICAS is {self.replicas}: give 1, 3 or 5")
        if self.lease_ttl_seconds < 1:
            raise SettingsError(f"{PREFIX}LEASE_TTL_SECONDS is {self.lease_ttl_seconds}: give at least 1")
        if not 0 <= self.health_port <= 65_535:
            raise SettingsError(f"{PREFIX}HEALTH_PORT is {self.health_port}: give a port, or 0 for none")
        if 0 != self.journal_retention_seconds < JOURNAL_RETENTION_MIN:
            raise SettingsError(
                f"{PREFIX}JOURNAL_RETENTION_SECONDS is {self.journal_retention_seconds}: "
                f"give {JOURNAL_RETENTION_MIN:.0f} or more, or 0 to keep everything"
            )
        if self.journal_retention_bytes < 0:
            raise SettingsError(
                f"{PREFIX}JOURNAL_RETENTION_BYTES is {self.journal_retention_bytes}: "
                "give a number of bytes, or 0 for no such bound"
            )
        for name in (
            "leader_absent_seconds",
            "journal_max_bytes",
            "checkpoint_commands",
            "checkpoint_seconds",
            "batches_in_flight_max",
            "commands_waiting_max",
            "ended_orders_total_max",
            "trades_total_max",
            "outcome_timeout_seconds",
        ):
            if getattr(self, name) <= 0:
                raise SettingsError(f"{PREFIX}{name.upper()} is {getattr(self, name)}: give a number above 0")

    @property
    def kept_bytes(self) -> int:
        """How much of each journal is kept; 0 is no bound."""
        return min(self.journal_retention_bytes, self.journal_max_bytes // KEPT_OF_ROOM)

    @property
    def streams_bytes(self) -> int:
        """What the streams of all partitions may take on a server's disk: journals, events and checkpoints."""
        return self.partitions * self.journal_max_bytes * (1 + EVENTS_PER_JOURNAL_BYTES + 1)

    @property
    def keeps_everything(self) -> bool:
        """Whether nothing is ever dropped."""
        return not self.journal_retention_seconds and not self.journal_retention_bytes

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Take each field's variable where it is set; an empty one counts as not set."""
        values: dict[str, str | int | float] = {}
        for each in fields(cls):
            text = environment.get(PREFIX + each.name.upper(), "").strip()
            if text:
                values[each.name] = _parse(PREFIX + each.name.upper(), text, type(each.default))
        return cls(**values)  # type: ignore[arg-type]  # each was parsed to its field's own type


def without_password(url: str) -> str:
    """One or several addresses as they may be shown: without `user:password@` and what follows a `?`."""
    return ",".join(re.sub(r"//[^@/]*@", "//", each).partition("?")[0] for each in url.split(","))


def _parse(variable: str, text: str, kind: type) -> str | int | float:
    try:
        return text if kind is str else float(text) if kind is float else int(text)
    except ValueError:
        raise SettingsError(f"{variable} is {text!r}: give a number") from None
