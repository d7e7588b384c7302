"""Environment: every variable `OPENBELL_…` that Openbell reads, with its default and its meaning.

The meanings are the docstrings of the settings themselves. A role does not start with an unknown variable, because a
misspelt name would leave its setting at the default in silence. Variables that Kubernetes sets for a service called
`openbell…` are ignored.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, Field, fields
from difflib import get_close_matches
from inspect import cleandoc
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from gateway.settings import GatewaySettings
from openbell.errors import WRONG_USE, Fault
from openbell.local.lifeline import PARENT
from openbell.local.logs import LogSettings
from streams.settings import PREFIX, StreamSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOT_READ: Final = ("colors",)
"""Fields that no variable sets."""

NAMES_TOLD_MAX: Final = 5
"""The number of unknown variables that a fault names."""

of_kubernetes = re.compile(r".*_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)").fullmatch
"""Variables in which Kubernetes gives a service's address."""

of_fields = re.compile(r"(\w+(?:, \w+)*): (.*)").fullmatch
"""The first line of a docstring's entry for one or several fields; its other lines are indented."""


class Variable(NamedTuple):
    """A variable; `default` is empty without one."""

    name: str
    default: str
    meaning: str


COMMANDS: Final = (
    Variable("OPENBELL_DATA_DIR", ".openbell", "where an exchange keeps its journals and secrets (`--data-dir`)."),
    Variable("OPENBELL_URL", "http://127.0.0.1:8080", "where the exchange is that a command speaks with (`--url`)."),
    Variable("OPENBELL_TOKEN", "", "the token that a command shows (`--token`)."),
    Variable("OPENBELL_NAME", "", "the name of this process in its log; its role if it has none."),
    Variable("OPENBELL_DATA", "", "the folder that holds recorded market data, for `openbell bench` and the tests."),
)
"""The variables of commands, beside the settings of roles."""

BUILDS_AND_TESTS: Final = (
    Variable(
        "OPENBELL_COMPILE",
        "",
        "0 leaves the core interpreted; `always` ends a wheel's build where it cannot be compiled.",
    ),
    Variable("OPENBELL_VERSION", "latest", "the tag of the image in compose.yaml."),
    Variable("OPENBELL_ANSWER_COMMANDS", "10000", "how many commands' answers are compared with all else."),
    Variable("OPENBELL_FUZZ_FRAMES", "100000", "how many frames the gateway's fuzz test sends."),
    Variable("OPENBELL_PROPERTY_EXAMPLES", "100", "how many examples each property is tried with."),
    Variable("OPENBELL_RULEBOOK_KILL_SECONDS", "0", "how often `make rulebook` kills a worker."),
    Variable("OPENBELL_SCREENSHOTS", "", "1 writes the screen's pictures into docs/."),
    Variable("OPENBELL_SCREEN_LOAD_SECONDS", "", "how long the screen is put under load."),
)
"""The variables of the Makefile, of compose and of tests; a role ignores them."""


def of_class(settings: type) -> list[Variable]:
    """The variables of a class of settings, with its docstring's meaning of each field."""
    prefix = PREFIX + ("LOG_" if settings is LogSettings else "")
    meanings = dict(meanings_of(settings))
    return [
        Variable(prefix + each.name.upper(), default_of(each), meanings[each.name])
        for each in fields(settings)
        if each.name not in NOT_READ
    ]


def default_of(each: Field[Any]) -> str:
    """A field's default as the text of a variable."""
    value = "" if each.default is MISSING else each.default
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, str | int) else ""


def meanings_of(settings: type) -> Iterator[tuple[str, str]]:
    """The names and meanings of the fields in a class's docstring."""
    names, meaning = "", ""
    for line in [*cleandoc(settings.__doc__ or "").splitlines(), ""]:
        if line.startswith("    ") and names:
            meaning = f"{meaning} {line.strip()}"
            continue
        yield from ((name, meaning) for name in names.split(", ") if name)
        match = of_fields(line)
        names, meaning = match.groups() if match else ("", "")


def known() -> list[str]:
    """The names of all known variables."""
    tables = (*map(of_class, (StreamSettings, GatewaySettings, LogSettings)), COMMANDS, BUILDS_AND_TESTS)
    return [*[variable.name for table in tables for variable in table], f"{PREFIX}JWT_SECRET_FILE", PARENT]


def check(environ: Mapping[str, str]) -> None:
    """A `Fault` if the environment has an unknown `OPENBELL_…`; the fault names the nearest known variable."""
    names = known()
    strange = [name for name in sorted(environ) if name.startswith(PREFIX) and name not in names]
    strange = [name for name in strange if not of_kubernetes(name)]
    if strange:
        told = [f"{name}{nearest(name, names)}" for name in strange[:NAMES_TOLD_MAX]]
        more = f" and {len(strange) - NAMES_TOLD_MAX} more" if len(strange) > NAMES_TOLD_MAX else ""
        mend = "Unset it, or correct its name: docs/settings.md lists all."
        raise Fault(f"nothing reads {', '.join(told)}{more}", mend, code=WRONG_USE)


def nearest(name: str, names: list[str]) -> str:
    """The known name most likely meant, in brackets; "" if none is near."""
    return "".join(f" (did you mean {close}?)" for close in get_close_matches(name, names, n=1, cutoff=0.8))


# The page


def page() -> str:
    """The reference page of all variables, docs/settings.md."""
    parts = [
        HEAD,
        section("Streams: workers, gateways and `openbell up`", of_class(StreamSettings)),
        section("Gateways", of_class(GatewaySettings)),
        section("Logs of every process", of_class(LogSettings)),
        section("Commands", list(COMMANDS)),
        section("Builds and tests", list(BUILDS_AND_TESTS)),
    ]
    return "\n".join(parts)


HEAD: Final = """# Settings

Made by `scripts/settings_page.py` from the docstrings of the settings; change it there.

Every setting is a variable of the environment, read once when a process starts. An empty one counts as not set. A value
that cannot be right, and a variable `OPENBELL_…` that nothing reads, stop the start with a sentence that names it.
`OPENBELL_JWT_SECRET_FILE` names a file that holds the secret. `openbell up` sets what its own options say for the
processes that it starts, and hands on all others. Times are seconds, sizes bytes; switches are `on` or `off`.
"""


def section(title: str, variables: list[Variable]) -> str:
    """A heading and a table."""
    rows = [
        f"| `{variable.name}` | {f'`{variable.default}`' if variable.default else '–'} | {meaning_of(variable)} |"
        for variable in variables
    ]
    return "\n".join([f"## {title}", "", "| variable | default | meaning |", "|---|---|---|", *rows, ""])


def meaning_of(variable: Variable) -> str:
    """A variable's meaning, as a cell of a table."""
    return variable.meaning.removesuffix(".").replace("|", "\\|")
