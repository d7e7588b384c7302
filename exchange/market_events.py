"""Events of the market: what happened to instruments and accounts, and to no single order."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.instrument import Instrument


@dataclass
class Configured:
    """The engine runs by these rules and bounds from here on."""

    semantics: int


@dataclass
class InstrumentListed:
    """The definition now in force."""

    instrument: Instrument


@dataclass
class CancelAfterSet:
    """All of the account's orders are canceled at `deadline` unless it sets another; 0: they are not."""

    account: str
    deadline: int


@dataclass
class InstrumentDelisted:
    """The instrument is gone."""

    symbol: str


@dataclass
class PhaseSet:
    """How an instrument stands from here on: one for each change of phase, halt, planned end or reason.

    phase: the one underneath a halt; `halted` says that there is one. kind: UNNAMED outside an auction. until: 0 for
    no planned end (of a random one the earliest). call: the instrument's calls so far, this one included.
    """

    symbol: str
    phase: int
    kind: int
    until: int
    halted: bool
    call: int
    reason: str


@dataclass
class EndDrawn:
    """The random part of a call's end is known; `extra` in nanoseconds."""

    symbol: str
    call: int
    extra: int


@dataclass
class BandsDoubled:
    """LULD bands of an instrument are twice as wide from here on, or no more."""

    symbol: str
    doubled: bool


@dataclass
class LimitsSet:
    """All own limits of an account in an instrument, or ("") elsewhere, from here on: (field, value)."""

    account: str
    symbol: str
    values: list[tuple[int, int]]


@dataclass
class KillSwitchSet:
    """The switch as it stands; `count` orders were canceled by it, told before."""

    account: str
    symbol: str
    active: bool
    count: int
