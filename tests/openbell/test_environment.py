"""The variables of the environment: what each means, and that a misspelled one is refused."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from gateway.settings import GatewaySettings
from openbell.errors import Fault
from openbell.local import environment
from openbell.local.logs import LogSettings
from streams.errors import SettingsError
from streams.settings import StreamSettings

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("settings", [StreamSettings, GatewaySettings, LogSettings])
def test_every_setting_is_explained(settings: type) -> None:
    """The docstring has a line for each field, and for nothing that is no field."""
    names = {field.name for field in fields(settings)} - set(environment.NOT_READ)

    assert set(dict(environment.meanings_of(settings))) == names
    assert all(variable.meaning for variable in environment.of_class(settings))


def test_a_meaning_may_be_of_several_fields_and_lines() -> None:
    """As it stands in a docstring."""

    class Settings:
        """Some.

        one, two: begins here
            and ends there.
        three: short.
        """

    assert list(environment.meanings_of(Settings)) == [
        ("one", "begins here and ends there."),
        ("two", "begins here and ends there."),
        ("three", "short."),
    ]


def test_the_page_of_settings_is_what_their_docstrings_say() -> None:
    """After a change: python scripts/settings_page.py."""
    assert (ROOT / "docs" / "settings.md").read_text() == environment.page()


def test_a_misspelled_variable_is_refused_with_the_name_that_is_meant() -> None:
    """It would else be a setting that is missing in silence."""
    with pytest.raises(Fault, match=r"OPENBELL_PARTITION \(did you mean OPENBELL_PARTITIONS\?\)") as fault:
        environment.check({"OPENBELL_PARTITION": "8", "HOME": "/"})

    assert "docs/settings.md" in fault.value.mend


def test_many_strange_variables_are_counted() -> None:
    """The sentence stays short."""
    with pytest.raises(Fault, match="and 3 more"):
        environment.check({f"OPENBELL_STRANGE_{number}": "" for number in range(8)})


def test_what_kubernetes_sets_for_a_service_is_not_for_us() -> None:
    """A service called openbell-gateway puts these into every pod."""
    environment.check(
        {
            "OPENBELL_GATEWAY_SERVICE_HOST": "10.0.0.7",
            "OPENBELL_GATEWAY_SERVICE_PORT_HTTP": "8080",
            "OPENBELL_GATEWAY_PORT": "tcp://10.0.0.7:8080",
            "OPENBELL_GATEWAY_PORT_8080_TCP_ADDR": "10.0.0.7",
        }
    )


def test_every_variable_that_the_tree_names_is_known() -> None:
    """Source, tests, compose and documents; wrong ones stand in two files of tests."""
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    known = {*environment.known(), "_OPENBELL_COMPLETE"}
    strange = {
        f"{name}: {match}"
        for name in files.stdout.split()
        if name.endswith((".py", ".yaml", ".toml", ".md", ".ts", ".tsx", "Makefile", "Dockerfile"))
        and name not in ("tests/openbell/test_environment.py", "tests/openbell/test_cli.py")
        for match in re.findall(r"\b_?OPENBELL_[A-Z0-9_]*[A-Z0-9]\b", (ROOT / name).read_text())
        if match not in known
    }

    assert strange - {"openbell/local/logs.py: OPENBELL_LOG"} == set()  # the beginning of two names


@pytest.mark.parametrize("text", ["nan", "inf", "-inf"])
def test_a_number_that_is_none_is_refused(text: str) -> None:
    """Every comparison with it is false, so it would pass as any bound."""
    with pytest.raises(SettingsError, match=r"OPENBELL_LEASE_TTL_SECONDS is .*: give a finite number"):
        StreamSettings.from_environment({"OPENBELL_LEASE_TTL_SECONDS": text})
