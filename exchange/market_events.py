"""Events of the market: what happened to instruments and accounts, and to no single order."""

from __future__ import annotations

from dataclasses import dataclass

from exchange.instrument import Instrument


@dataclass
class Configured:
    """The engine applies these rules, and the command's bounds, from here on."""

    semantics: int


@dataclass
class InstrumentListed:
    """The definition in force from here on."""

    instrument: Instrument


@dataclass
class CancelAfterSet:
    """All of the account's orders are canceled at `deadline` unless the account sets another; 0: no deadline."""

    account: str
    deadline: int


@dataclass
class InstrumentDelisted:
    """The instrument is listed no more."""

    symbol: str


@dataclass
class PhaseSet:
    """The phase and halt of an instrument from here on: an event for each change of phase, halt, planned end, reason.

    phase: the phase underneath a halt, if `halted`. kind: UNNAMED outside an auction. until: the planned end, 0 for
    none; of a random end the earliest. call: the number of the instrument's calls so far, this one included.
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
    """The random part of a call's end is drawn; `extra` in nanoseconds."""

    symbol: str
    call: int
    extra: int


@dataclass
class BandsDoubled:
    """LULD bands of an instrument are twice as wide from here on, or single again."""

    symbol: str
    doubled: bool


@dataclass
class LimitsSet:
    """All own limits of an account in an instrument, or ("") in all others, from here on: (field, value)."""

    account: str
    symbol: str
    values: list[tuple[int, int]]


@dataclass
class KillSwitchSet:
    """The kill switch is set; it canceled `count` orders, by `Canceled` events before."""

    account: str
    symbol: str
    active: bool
    count: int
