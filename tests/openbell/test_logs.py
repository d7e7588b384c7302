"""What processes log, seen from outside: one event a line, and never a token."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from openbell.errors import Fault
from openbell.local.blot import BLOT, blot_secrets
from openbell.local.logs import LogSettings
from openbell.local.terminal import line_writer, shown

PROGRAM = """
import logging, os, structlog
from openbell.local import logs
logs.configure(logs.LogSettings.from_environment(os.environ), role="worker", name="worker-2")
log = structlog.get_logger()
log.debug("too.small")
log.info("partition.acquired", partition=3, replayed=1204)
log.info("client.came", token="eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
         header="Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl")
logging.getLogger("aiohttp").warning("from %s", "elsewhere")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("process.failed")
"""
BEGINNING = PROGRAM.partition("log.debug")[0]


def logged(program: str = PROGRAM, **environment: str) -> list[str]:
    """The lines of a process that logs."""
    run = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    assert run.stdout == ""
    return run.stderr.splitlines()


def test_json_is_one_object_a_line_with_the_process_in_it() -> None:
    """Every event, a library's and a traceback's too, is one object with level, time, role and name."""
    events = [json.loads(line) for line in logged(OPENBELL_LOG_FORMAT="json")]
    assert [event["event"] for event in events] == [
        "partition.acquired",
        "client.came",
        "from elsewhere",
        "process.failed",
    ]
    assert {(event["role"], event["name"]) for event in events} == {("worker", "worker-2")}
    assert [event["level"] for event in events] == ["info", "info", "warning", "error"]
    assert events[0]["partition"] == 3
    assert events[0]["timestamp"].endswith("Z")
    assert "ZeroDivisionError" in events[3]["exception"]


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_token_reaches_a_log(form: str) -> None:
    """Neither as a field of its own nor within another."""
    text = "\n".join(logged(OPENBELL_LOG_FORMAT=form))
    assert "client.came" in text
    assert "eyJ" not in text
    assert text.count(BLOT) == 2


def test_the_level_is_obeyed() -> None:
    """Below the level asked for there is nothing, at it there is."""
    assert "too.small" in "\n".join(logged(OPENBELL_LOG_LEVEL="debug"))
    assert len(logged(OPENBELL_LOG_LEVEL="error", OPENBELL_LOG_FORMAT="json")) == 1


@pytest.mark.parametrize(("name", "value"), [("OPENBELL_LOG_FORMAT", "xml"), ("OPENBELL_LOG_LEVEL", "loud")])
def test_a_wrong_setting_names_the_choices(name: str, value: str) -> None:
    """A mistyped variable says which one it is and what it may be."""
    with pytest.raises(Fault, match=name) as caught:
        LogSettings.from_environment({name: value})
    assert "one of" in caught.value.mend


def test_only_secrets_are_blotted() -> None:
    """Everything else stays as it is."""
    event = {"event": "a.b", "partition": 3, "secret": b"x", "path": "/eye/of/the/tiger"}
    assert blot_secrets(None, "info", event) == {**event, "secret": BLOT}


NATS_LINE = b"[21423] 2026/11/22 14:00:04.211300 [%s] %s\n"


def test_lines_of_children_carry_their_names(capsys: pytest.CaptureFixture[str]) -> None:
    """In a console each line begins with who wrote it, also when it is no text."""
    line_writer("worker-1", LogSettings())(b"caf\xe9 \xff\n")
    line_writer("gateway-2", LogSettings(colors=True))(b"x\n")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "worker-1  │ caf\ufffd \ufffd\n\x1b[36mgateway-2 │ \x1b[0mx\n"


def test_nats_server_speaks_up_when_something_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """Of its log we show warnings and errors in our own form; all of it at debug."""
    write = line_writer("nats", LogSettings())
    write(NATS_LINE % (b"INF", b"Server is ready"))
    write(NATS_LINE % (b"WRN", b"Slow consumer"))
    line_writer("nats", LogSettings(level="debug"))(NATS_LINE % (b"INF", b"Server is ready"))
    assert capsys.readouterr().err.splitlines() == [
        "nats      │ 14:00:04 [warning  ] Slow consumer",
        "nats      │ 14:00:04 [debug    ] Server is ready",
    ]


def test_json_stays_json_whoever_writes() -> None:
    """Lines of ours pass unchanged; foreign ones become objects that say whose they are."""
    settings = LogSettings(format="json")
    assert shown("worker-1", '{"event": "a"}', settings) == '{"event": "a"}'
    assert json.loads(shown("worker-1", "Killed", settings)) == {"name": "worker-1", "event": "Killed"}
    warning = json.loads(shown("nats", (NATS_LINE % (b"ERR", b"disk")).decode().rstrip(), settings))
    assert (warning["name"], warning["event"], warning["level"]) == ("nats", "disk", "error")


UNHEARD = """
import asyncio, errno, socket, uvloop
async def run():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.loop_fault)
    async def fail(error): raise error
    def errors(): return (
        socket.gaierror(-3, "Temporary failure in name resolution"), ConnectionResetError(), TimeoutError(),
        OSError(errno.EHOSTUNREACH, "no route"), OSError(errno.ENOSPC, "no room"), ValueError("of ours"))
    for error in errors():
        loop.create_future().set_exception(error)
    for error in errors():
        loop.create_task(fail(error))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
uvloop.run(run())
"""


def test_what_the_network_does_behind_a_time_out_is_no_fault() -> None:
    """A future or task that ends, with nobody waiting any more, because a host is away; any other end is a fault."""
    events = [json.loads(line) for line in logged(BEGINNING + UNHEARD, OPENBELL_LOG_FORMAT="json")]
    broke = [event["kind"] for event in events if event["event"] == "process.connection_broke"]
    assert sorted(broke) == sorted(["gaierror", "ConnectionResetError", "TimeoutError", "OSError"] * 2)
    failed = [event["exception"] for event in events if event["event"] == "process.callback_failed"]
    assert len(events) == len(broke) + len(failed)
    assert sorted(line.splitlines()[-1] for line in failed) == sorted(
        ["OSError: [Errno 28] no room", "ValueError: of ours"] * 2
    )
