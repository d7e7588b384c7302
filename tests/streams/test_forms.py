import ast
import dataclasses
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pytest

from exchange import commands, events, instrument, market_events
from streams.wire import codec, command_forms, forms

LANGUAGE = [*forms.COMMAND_TAGS.values(), *forms.EVENT_TAGS.values(), instrument.Instrument]


def test_the_tags_of_commands_never_change() -> None:
    """Journals hold these numbers for ever: new ones may be added, none may get another meaning."""
    assert {tag: cls.__name__ for tag, cls in forms.COMMAND_TAGS.items()} == {
        1: "Configure",
        2: "ListInstrument",
        3: "PlaceOrder",
        4: "AmendOrder",
        5: "CancelOrder",
        6: "CancelAll",
        7: "Tick",
        8: "CancelAfter",
        9: "DelistInstrument",
        10: "SetPhase",
        11: "DrawEnd",
        12: "SetLimits",
        13: "SetKillSwitch",
        14: "BustTrade",
        15: "DoubleBands",
        16: "Resume",
    }


def test_the_tags_of_events_never_change() -> None:
    """Streams of events hold these numbers for ever: new ones may be added, none may get another meaning."""
    assert {tag: cls.__name__ for tag, cls in forms.EVENT_TAGS.items()} == {
        1: "Configured",
        2: "InstrumentListed",
        3: "Rejected",
        4: "Accepted",
        5: "Repeated",
        6: "Traded",
        7: "Amended",
        8: "Canceled",
        9: "Expired",
        10: "AllCanceled",
        11: "CancelAfterSet",
        12: "MessageRejected",
        13: "InstrumentDelisted",
        14: "PhaseSet",
        15: "EndDrawn",
        16: "Triggered",
        17: "Refused",
        18: "LimitsSet",
        19: "KillSwitchSet",
        20: "Busted",
        21: "BandsDoubled",
    }


def test_the_whole_language_has_tags() -> None:
    """There is no command and no event that cannot travel."""
    assert set(forms.COMMAND_TAGS.values()) == set(get_args(commands.Command))
    assert set(forms.EVENT_TAGS.values()) == set(get_args(events.Event))


@pytest.mark.parametrize("module", [commands, events, instrument, market_events])
def test_the_language_has_one_union_and_one_list(module: ModuleType) -> None:
    """A compiled dataclass remembers only that a field is some union or list, so there may be one of each."""
    source = Path(str(module.__file__)).parent / f"{module.__name__.split('.')[-1]}.py"
    written = {
        ast.unparse(field.annotation)
        for cls in ast.parse(source.read_text()).body
        if isinstance(cls, ast.ClassDef)
        for field in cls.body
        if isinstance(field, ast.AnnAssign)
    }

    assert {text for text in written if "|" in text} <= {"int | None"}
    assert {text for text in written if text.startswith("list")} <= {"list[tuple[int, int]]"}
    assert not {text for text in written if text.startswith(("dict", "tuple", "set", "Optional", "Union"))}


@pytest.mark.parametrize("cls", LANGUAGE)
def test_a_form_has_the_fields_of_its_dataclass(cls: type) -> None:
    """The struct that reads a dataclass has its constructor's fields, in their order."""
    names = [field.name for field in dataclasses.fields(cls) if field.init]

    assert list(forms.struct_of(cls).__struct_fields__) == names
    assert set(names) <= set(get_type_hints(cls))


def test_a_form_is_written_like_its_command() -> None:
    """What a gateway makes without the engine's object is the same bytes, defaults included."""
    pairs: list[tuple[Any, type]] = [
        (command_forms.PlaceForm("anna", "ACME", "a1", 0, 0, 5, 7, session="s", sent_at=9), commands.PlaceOrder),
        (command_forms.AmendForm("anna", 4, price=7), commands.AmendOrder),
        (command_forms.CancelForm("anna", 0, "ACME", "a1", 9), commands.CancelOrder),
    ]
    for form, whole in pairs:
        command: commands.Command = forms.COMMANDS.unpack(form)
        assert type(command) is whole
        assert codec.encode_command(form) == codec.encode_command(command)
