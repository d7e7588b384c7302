"""What can be set about the streams: read once at the entry point, then passed down.

Times are seconds, sizes bytes. Every field's environment variable is `OPENBELL_` and its name in capitals.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "OPENBELL_"


class SettingsError(ValueError):
    """A variable of the environment cannot be understood; the sentence names it."""


@dataclass(frozen=True)
class StreamSettings:
    """How to reach NATS and how the streams are laid out.

    nats_url: one or several addresses of one cluster, separated by commas; may carry `user:password@`.
    partitions: fixed when the exchange is first started; another number later is refused.
    replicas: copies of each stream: 1 on a single server, 3 in a cluster.
    lease_ttl_seconds: how long a dead worker's partitions wait for another leader; whole seconds.
    journal_max_bytes: room for each partition's journal; its events get three times that (topology.py).
    batches_in_flight_max: journal messages of one partition sent and not yet acknowledged. With fsync always 2 and 4
        were no faster than 1 (docs/decisions), and only 1 keeps its order through a change of a cluster's leader
        without ever giving a batch up.
    commands_waiting_max: commands of one partition that wait for their batch to leave; more are `Busy`.
    outcome_timeout_seconds: then a submitted command's outcome is unknown.
    """

    nats_url: str = "nats://127.0.0.1:4222"
    partitions: int = 4
    replicas: int = 1
    lease_ttl_seconds: float = 2.0
    journal_max_bytes: int = 512 * 1024 * 1024
    batches_in_flight_max: int = 1
    commands_waiting_max: int = 10_000
    outcome_timeout_seconds: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what no exchange can run with."""
        if not self.nats_url:
            raise SettingsError(f"{PREFIX}NATS_URL is empty: give the address of a nats-server")
        if not 1 <= self.partitions <= 256:
            raise SettingsError(f"{PREFIX}PARTITIONS is {self.partitions}: give a number from 1 to 256")
        if self.replicas not in {1, 3, 5}:
            raise SettingsError(f"{PREFIX}REPLICAS is {self.replicas}: give 1, 3 or 5")
        if self.lease_ttl_seconds < 1:
            raise SettingsError(f"{PREFIX}LEASE_TTL_SECONDS is {self.lease_ttl_seconds}: NATS needs at least 1")
        for name in ("journal_max_bytes", "batches_in_flight_max", "commands_waiting_max", "outcome_timeout_seconds"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"{PREFIX}{name.upper()} is {getattr(self, name)}: give a number above 0")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Take each field's variable where it is set; an empty one counts as not set."""
        values: dict[str, str | int | float] = {}
        for field in fields(cls):
            text = environment.get(PREFIX + field.name.upper(), "").strip()
            if text:
                values[field.name] = _parse(PREFIX + field.name.upper(), text, type(field.default))
        return cls(**values)  # type: ignore[arg-type]  # each was parsed to its field's own type


def _parse(variable: str, text: str, kind: type) -> str | int | float:
    try:
        return text if kind is str else float(text) if kind is float else int(text)
    except ValueError:
        raise SettingsError(f"{variable} is {text!r}: give a number") from None
