"""streams/wire/fast_forms.py: what is written out there for the usual commands and events is what `forms` says."""

from dataclasses import MISSING, fields
from typing import Any, get_origin

import pytest

from exchange.commands import Command, PlaceOrder
from exchange.events import Event
from exchange.instrument import Instrument
from streams.wire import codec, fast_forms, forms

PLACED = PlaceOrder("a", "B", "c", 0, 1, 2, 3, 4, 4, 5, True, 6, 2, "d", 7)
LISTED = Instrument("ACME", [(0, 10**6)], 10**8)


def distinct(cls: type) -> Any:
    """An instance whose fields are all different, so that none can stand in another's place."""
    given = {
        "order": PLACED,
        "instrument": LISTED,
        "side": 1,
        "type": 0,
        "time_in_force": 3,
        "self_trade": 2,
        "phase": 4,
        "kind": 3,
    }
    return cls(*[given.get(name, value(kind, place)) for place, (name, kind) in enumerate(constructor(cls))])


def constructor(cls: type) -> list[tuple[str, object]]:
    """Names and types of what an instance is made of."""
    return [(field.name, kind) for field, kind in forms.constructor_fields(cls)]


def value(kind: object, place: int) -> object:
    """One value of a type."""
    if kind is str:
        return f"text_{chr(ord('a') + place)}"
    if get_origin(kind) is list:
        return [(place, 200 + place)]
    return True if kind is bool else 100 + place


@pytest.mark.parametrize("cls", forms.EVENT_TAGS.values())
def test_an_event_is_packed_as_its_form_says(cls: type[Event]) -> None:
    """Tag and items, in the order of the dataclass, for every kind of event."""
    event = distinct(cls)

    assert fast_forms.pack_event(event) == forms.EVENTS.pack(event)


@pytest.mark.parametrize("cls", forms.COMMAND_TAGS.values())
def test_a_command_is_unpacked_as_its_form_says(cls: type[Command]) -> None:
    """The same command again, for every kind of command."""
    command = distinct(cls)
    struct = codec.batch_decoder.decode(codec.encode_batch("me", 1, [codec.encode_command(command)])).commands[0]

    assert fast_forms.unpack_command(struct) == forms.COMMANDS.unpack(struct) == command


@pytest.mark.parametrize("cls", [*forms.COMMAND_TAGS.values(), *forms.EVENT_TAGS.values()])
def test_a_constructor_that_is_written_out_does_what_the_dataclass_says(cls: type) -> None:
    """Every argument lands in the field of its name, and what is left out has the field's default."""
    names = [name for name, _ in constructor(cls)]
    values = [given.get(name) for given in [vars_of(distinct(cls))] for name in names]
    required = [field for field in fields(cls) if field.init and field.default is MISSING]

    assert cls(*values) == cls(**dict(zip(names, values, strict=True)))
    least = vars_of(cls(*values[: len(required)]))
    assert least == {
        name: values[place] if place < len(required) else field.default
        for place, (name, field) in enumerate((field.name, field) for field in fields(cls) if field.init)
    }


def vars_of(instance: Any) -> dict[str, object]:
    """What an instance was made of, by name."""
    return {name: getattr(instance, name) for name, _ in constructor(type(instance))}


def test_a_constructor_takes_nothing_more() -> None:
    """An argument that has no field would be lost on the way."""
    for cls in (*forms.COMMAND_TAGS.values(), *forms.EVENT_TAGS.values()):
        with pytest.raises(TypeError):
            cls(*[None] * (len(constructor(cls)) + 1))
