"""Forms of the engine's commands and events on the wire: `[tag, *fields]`, in the order of their dataclasses.

A field's name, type and default are written once, in `exchange`. A tag never changes its meaning and a field is only
ever added at the end, with a default, so a journal of any age can be read. A value that passes these forms is safe for
the engine, and its names are safe inside JSON and as one token of a subject.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from functools import reduce
from operator import attrgetter, or_
from typing import TYPE_CHECKING, Annotated, Any, Final, cast, get_type_hints

import msgspec
from msgspec import Meta, Struct
from msgspec.msgpack import Ext

from exchange import commands, events, market_events
from exchange.commands import UNNAMED
from exchange.instrument import Instrument
from exchange.terms import (
    BOTH_SIDES,
    KIND_NAMES,
    PHASE_NAMES,
    SELF_TRADE_NAMES,
    SIDE_NAMES,
    TIME_IN_FORCE_NAMES,
    TRADE_SIDE_NAMES,
    TYPE_NAMES,
)
from streams.wire.wide import WideNumber, unpacked

COMMAND_TAGS: Final[dict[int, type]] = {
    1: commands.Configure,
    2: commands.ListInstrument,
    3: commands.PlaceOrder,
    4: commands.AmendOrder,
    5: commands.CancelOrder,
    6: commands.CancelAll,
    7: commands.Tick,
    8: commands.CancelAfter,
    9: commands.DelistInstrument,
    10: commands.SetPhase,
    11: commands.DrawEnd,
    12: commands.SetLimits,
    13: commands.SetKillSwitch,
    14: commands.BustTrade,
    15: commands.DoubleBands,
    16: commands.Resume,
}

EVENT_TAGS: Final[dict[int, type]] = {
    1: market_events.Configured,
    2: market_events.InstrumentListed,
    3: events.Rejected,
    4: events.Accepted,
    5: events.Repeated,
    6: events.Traded,
    7: events.Amended,
    8: events.Canceled,
    9: events.Expired,
    10: events.AllCanceled,
    11: market_events.CancelAfterSet,
    12: events.MessageRejected,
    13: market_events.InstrumentDelisted,
    14: market_events.PhaseSet,
    15: market_events.EndDrawn,
    16: events.Triggered,
    17: events.Refused,
    18: market_events.LimitsSet,
    19: market_events.KillSwitchSet,
    20: events.Busted,
    21: market_events.BandsDoubled,
}

Plain = tuple[Any, ...]

# A compiled dataclass keeps only this much of a union's or a list's type; the language has one of each
# (tests/streams/test_forms.py checks this).
ERASED: Final[dict[object, object]] = {type: int | None, list: list[tuple[int, int]]}

TEXT: Final = Annotated[str, Meta(max_length=500)]

# Narrower than a dataclass can say, by class and field or by field: the words of `exchange.terms` as their numbers.
WORDS: Final[dict[str, object]] = {
    "side": Annotated[int, Meta(ge=0, lt=len(SIDE_NAMES))],
    "CancelAll.side": Annotated[int, Meta(ge=0, le=BOTH_SIDES)],
    "Traded.side": Annotated[int, Meta(ge=0, lt=len(TRADE_SIDE_NAMES))],
    "Busted.side": Annotated[int, Meta(ge=0, lt=len(TRADE_SIDE_NAMES))],
    "phase": Annotated[int, Meta(ge=0, lt=len(PHASE_NAMES))],
    "kind": Annotated[int, Meta(ge=UNNAMED, lt=len(KIND_NAMES))],
    "type": Annotated[int, Meta(ge=0, lt=len(TYPE_NAMES))],
    "time_in_force": Annotated[int, Meta(ge=0, lt=len(TIME_IN_FORCE_NAMES))],
    "self_trade": Annotated[int, Meta(ge=0, lt=len(SELF_TRADE_NAMES))],
}

# Fields that may need more than 64 bits: money, and the bound of a refusal that names money.
WIDE: Final[dict[str, object]] = {
    "Rejected.bound": WideNumber,
    "Traded.maker_fee": WideNumber,
    "Traded.taker_fee": WideNumber,
    "Busted.maker_fee": WideNumber,
    "Busted.taker_fee": WideNumber,
    "Traded.maker_cost": WideNumber,
    "Traded.taker_cost": WideNumber,
    "Busted.maker_cost": WideNumber,
    "Busted.taker_cost": WideNumber,
    "Amended.cost": WideNumber,
    "Canceled.cost": WideNumber,
    "Expired.cost": WideNumber,
    "Instrument.min_value": WideNumber,
    "Instrument.max_value": WideNumber,
    "SetLimits.values": list[tuple[int, WideNumber]],
    "LimitsSet.values": list[tuple[int, WideNumber]],
}

# The texts that end up in a subject or, unescaped, in JSON. None of these matches a space.
PATTERNS: Final[dict[type, dict[str, str]]] = {
    commands.PlaceOrder: {"account": r"[A-Za-z0-9_-]{1,32}", "client_order_id": r"[A-Za-z0-9_.:-]{1,36}"},
    commands.CancelAll: {"reason": r"[a-z_]{1,32}"},
    commands.SetLimits: {"account": r"[A-Za-z0-9_-]{1,32}"},
    commands.SetKillSwitch: {"account": r"[A-Za-z0-9_-]{0,32}"},
    Instrument: {"symbol": r"[A-Z0-9_-]{1,32}"},
}


def constructor_fields(cls: type) -> list[tuple[dataclasses.Field[Any], Any]]:
    """The fields that the constructor takes, each with its type; other fields are computed."""
    hints = get_type_hints(cls)
    fields = [field for field in dataclasses.fields(cls) if field.init]
    return [(field, ERASED.get(hints[field.name], hints[field.name])) for field in fields]


def is_nested(kind: object) -> bool:
    """Whether a field is another dataclass, which is an array in the array."""
    return dataclasses.is_dataclass(kind)


def struct_of(cls: type, tag: int | None = None) -> type[Struct]:
    """The struct type by which msgspec decodes and checks this dataclass's array."""
    return msgspec.defstruct(
        cls.__name__,
        [struct_field(cls, field, kind) for field, kind in constructor_fields(cls)],
        array_like=True,
        forbid_unknown_fields=True,
        tag=tag,
        tag_field=None if tag is None else "tag",
    )


def struct_field(cls: type, field: dataclasses.Field[Any], kind: Any) -> tuple[str, Any, Any]:  # noqa: ANN401
    """Name, type and default of one item of the array."""
    name = f"{cls.__name__}.{field.name}"
    word = WIDE.get(name) or WORDS.get(name) or WORDS.get(field.name)
    form = word or (TEXT if kind is str else struct_of(kind) if is_nested(kind) else kind)
    default = msgspec.NODEFAULT if field.default is dataclasses.MISSING else field.default
    return (field.name, form, default)


def getter(names: list[str]) -> Callable[[Any], Plain]:
    """A function from an object to a tuple of its attributes."""
    if len(names) < 2:
        return lambda value: tuple([getattr(value, name) for name in names])
    return cast("Callable[[Any], Plain]", attrgetter(*names))


def packer(cls: type, opening: Plain = ()) -> Callable[[Any], Plain]:
    """A function from an instance to the items of its array, which begins with `opening`."""
    fields = constructor_fields(cls)
    items = getter([field.name for field, _ in fields])
    nested = [(place, packer(kind)) for place, (_, kind) in enumerate(fields) if is_nested(kind)]
    if not nested:
        return lambda value: opening + items(value)
    [(place, pack)] = nested

    def pack_both(value: object) -> Plain:
        plain = items(value)
        return (*opening, *plain[:place], pack(plain[place]), *plain[place + 1 :])

    return pack_both


def unpacker(cls: type) -> Callable[[Struct], Any]:
    """A function from a struct of `struct_of` to an instance; msgspec.ValidationError if a text is not safe."""
    nested = [(place, unpacker(kind)) for place, (_, kind) in enumerate(constructor_fields(cls)) if is_nested(kind)]
    items = wide_items if any(name.startswith(f"{cls.__name__}.") for name in WIDE) else msgspec.structs.astuple
    if nested:
        [(place, unpack)] = nested

        def unpack_both(struct: Struct) -> object:
            plain = items(struct)
            return cls(*plain[:place], unpack(plain[place]), *plain[place + 1 :])

        return unpack_both
    if cls not in PATTERNS:
        return lambda struct: cls(*items(struct))
    texts, are_safe = getter(list(PATTERNS[cls])), safe_texts(cls)

    def unpack_checked(struct: Struct) -> object:
        if not are_safe(" ".join(texts(struct))):
            raise unsafe(cls)
        return cls(*items(struct))

    return unpack_checked


def wide_items(struct: Struct) -> Plain:
    """The items of a struct some of which may be wide numbers."""
    return tuple([unpacked(item) if isinstance(item, Ext | list) else item for item in msgspec.structs.astuple(struct)])


def safe_texts(cls: type) -> Callable[[str], object]:
    """A check that all texts of an instance which have a pattern are safe; it takes them joined by spaces.

    One expression covers all of them: a pattern in msgspec costs three times as much, for each.
    """
    return re.compile(" ".join(PATTERNS[cls].values())).fullmatch


def unsafe(cls: type) -> msgspec.ValidationError:
    """The error for an instance with an unsafe text."""
    return msgspec.ValidationError(f"{cls.__name__}: {' or '.join(PATTERNS[cls])} is of the wrong form")


class Language:
    """Language: the members of one union, by tag.

    structs: the struct type of each. pack: an instance's items, tag first. unpack: an instance again.
    """

    def __init__(self, tags: dict[int, type]) -> None:
        self.structs = {cls: struct_of(cls, tag) for tag, cls in tags.items()}
        self.packers = {cls: packer(cls, (tag,)) for tag, cls in tags.items()}
        self.unpackers = {struct: unpacker(cls) for cls, struct in self.structs.items()}

    def pack(self, value: object) -> Plain:
        """The items of a value's array."""
        return self.packers[type(value)](value)

    def unpack(self, struct: Struct) -> Any:  # noqa: ANN401
        """The value of a decoded struct."""
        return self.unpackers[type(struct)](struct)


COMMANDS: Final = Language(COMMAND_TAGS)
EVENTS: Final = Language(EVENT_TAGS)

if TYPE_CHECKING:
    CommandForm = Struct
    EventForm = Struct
else:
    CommandForm = reduce(or_, COMMANDS.structs.values())
    EventForm = reduce(or_, EVENTS.structs.values())
