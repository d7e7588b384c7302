"""The command line: help everywhere, and mistakes that are told without a traceback."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer
from rich.console import Console
from typer.core import TyperGroup

from openbell import cli
from openbell.commands import admin, admin_actions
from openbell.local.terminal import table_of
from openbell.local.up import reserve_port

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ("audit", "up", "init", "gateway", "worker", "nats", "bots", "token", "calendar", "doctor", "version")


def commands_of(app: typer.Typer) -> set[str]:
    """The commands that an application has."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    return set(group.commands)


ADMIN = sorted(commands_of(admin.app))


def openbell(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would, without what this shell may have set."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("OPENBELL_")}
    return subprocess.run(
        [sys.executable, "-m", "openbell", *arguments],
        env={**plain, "COLUMNS": "200", "NO_COLOR": "1", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_every_command_without_loading_them() -> None:
    """The first look shows what there is, and loads neither a server nor a benchmark."""
    program = (
        "import sys; sys.argv = ['openbell', '--help']\n"
        "from openbell.cli import main\n"
        "try: main()\n"
        "finally: print([m for m in ('nats', 'aiohttp', 'uvloop', 'openbell.bench.app') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0
    for command in (*COMMANDS, "admin", "replay", "bench"):
        assert f" {command} " in run.stdout
    assert run.stdout.endswith("[]\n")


@pytest.mark.parametrize("command", [*((name,) for name in COMMANDS), *(("admin", name) for name in ADMIN)])
def test_every_command_shows_how_it_is_used(command: tuple[str, ...]) -> None:
    """Help has an example to copy."""
    run = openbell(*command, "--help")
    assert run.returncode == 0
    assert "Example:" in run.stdout
    assert "openbell " in run.stdout.partition("Example:")[2]


def test_every_command_of_the_application_is_known_here() -> None:
    """No command escapes the tests of its help."""
    assert commands_of(cli.app) == {*COMMANDS, "admin"}


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["up", "--port", "70000"], {}, "less than or equal to 65535"),
        (["up", "--workers", "0"], {}, "greater than or equal to 1"),
        (["up", "--host", "no.such.host.invalid", "--port", "0"], {}, "cannot be listened on"),
        (["token", "--account", "a", "--ttl", "soon"], {}, "--ttl 'soon' is no duration"),
        (["token", "--account", "a"], {}, "there is no exchange in"),
        (["doctor", "--only", "health"], {}, "there is no check health"),
        (["admin", "instruments", "--url", "ftp://here"], {}, "not the URL of an exchange"),
        (["admin", "instruments", "--url", "http://127.0.0.1:1"], {}, "no exchange answers at http://127.0.0.1:1"),
        (["admin", "list-instrument", "A", "--tick", "1", "--lot", "1"], {}, "no token was given"),
        (["worker"], {"OPENBELL_CALENDARS": "nowhere.toml"}, "the calendars in nowhere.toml cannot be read"),
        (["worker"], {"OPENBELL_PARTITIONS": "many"}, "OPENBELL_PARTITIONS is 'many'"),
        (["gateway"], {"OPENBELL_PORT": "high"}, "OPENBELL_PORT must be a whole number"),
        (["worker"], {"OPENBELL_LOG_LEVEL": "loud"}, "OPENBELL_LOG_LEVEL is 'loud'"),
        (["worker"], {"OPENBELL_PARTITION": "8"}, "OPENBELL_PARTITION (did you mean OPENBELL_PARTITIONS?)"),
        (["gateway"], {"OPENBELL_ORDER_PER_SECOND": "8"}, "(did you mean OPENBELL_ORDERS_PER_SECOND?)"),
        (["up"], {"OPENBELL_RATE_LIMIT": "off"}, "(did you mean OPENBELL_RATE_LIMITS?)"),
        (["trade"], {}, "No such command"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], expected: str
) -> None:
    """What was wrong is named, the exit code is not 0, and there is no traceback."""
    run = openbell(*arguments, OPENBELL_DATA_DIR=str(tmp_path / "none"), **environment)
    assert run.returncode in {1, 2}
    assert expected in run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""


def test_an_exchange_is_not_started_on_a_port_in_use(tmp_path: Path) -> None:
    """The port is looked at first: not even the data directory is made."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = openbell("up", "--port", str(port), "--data-dir", str(tmp_path / "new"))
    assert run.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use" in run.stderr
    assert not (tmp_path / "new").exists()


def test_a_port_shared_by_other_gateways_is_in_use() -> None:
    """SO_REUSEPORT on both sides would let two exchanges share the clients of one port."""
    with reserve_port("127.0.0.1", 0) as held:
        run = openbell("up", "--port", str(held.getsockname()[1]))
    assert run.returncode == 1
    assert "cannot be listened on" in run.stderr


def test_a_data_directory_and_a_token_can_be_made_by_scripts(tmp_path: Path) -> None:
    """`init` and `token --json` give a script what it needs."""
    where = ("--data-dir", str(tmp_path / "exchange"))
    assert openbell("init", *where).returncode == 0
    run = openbell("token", "--account", "alice", "--scope", "read", "--ttl", "5m", "--json", *where)
    facts = json.loads(run.stdout)
    assert facts.pop("token").count(".") == 2
    assert facts == {"account": "alice", "scope": "read", "expires_in": 300}
    plain = openbell("token", "--account", "alice", *where)
    assert plain.stdout.count("\n") == 1


def test_the_version_is_known() -> None:
    """Both for people and for scripts."""
    assert json.loads(openbell("version", "--json").stdout).keys() == {"openbell", "python"}
    assert openbell("version").stdout.startswith("openbell ")


def test_the_version_is_said_before_any_command() -> None:
    """As with most programs; the same as `openbell version`."""
    assert openbell("--version").stdout == openbell("version").stdout != ""


def test_no_cell_of_a_table_is_cut_short_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe has no width: a time of thirty characters among wide columns stays whole, and so does a long reason."""
    at, reason = "2026-12-01T10:00:00.123456789Z", "because " * 40
    admin_actions.show(
        [{"time": at, "reason": reason.strip(), "symbol": "A" * 32}], "nothing", "time", "reason", "symbol"
    )

    assert [at, reason.strip(), "A" * 32] == re.split(r"\s{2,}", capsys.readouterr().out.splitlines()[1].strip())


def test_no_cell_of_a_table_is_cut_short_in_a_narrow_terminal() -> None:
    """What is too wide goes on in the next line."""
    told = io.StringIO()
    table = table_of("time", "reason")
    table.add_row("2026-12-01T10:00:00.123456789Z", "because of the news that came in the night")
    Console(file=told, width=30).print(table)

    assert "…" not in told.getvalue()
    assert "123456789Z" in "".join(line[:15].strip() for line in told.getvalue().splitlines())
