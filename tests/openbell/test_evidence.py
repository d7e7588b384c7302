"""`openbell replay evidence`: what stopped a partition happens again, or is mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from typer.testing import CliRunner

from exchange.commands import CancelOrder
from openbell.commands.replay import app
from openbell.errors import Fault
from streams.audit import evidence
from streams.partition import state
from streams.wire import codec
from tests.support.journaled import Journaled, buy

if TYPE_CHECKING:
    from pathlib import Path


def leave(path: Path, *, broken: bool) -> None:
    """What a worker leaves that could not answer a cancel of order 1."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, 100, "a1"))
    order = journaled.partition.engine.orders[1]
    if broken:
        order.book.remove(order)
    files = {
        "message": codec.encode_batch("me", 3, [codec.encode_command(CancelOrder("anna", 1))]),
        "state": msgspec.msgpack.encode((state.FORM, list(state.partition_parts(journaled.partition)))),
    }
    evidence.write(path, {"partition": 3, "sequence": 3, "stored_at": journaled.now}, files)


def replay(path: Path, *more: Any) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["evidence", str(path), *more])
    return done.exit_code, done.stdout


def test_a_fault_happens_again(tmp_path: Path) -> None:
    """The traceback is shown, and the exit code says that this version still has the fault."""
    leave(tmp_path / "left", broken=True)
    code, output = replay(tmp_path / "left")
    assert code == 1
    assert "AssertionError: only an order that rests or waits can leave the book" in output
    assert "partition 3 stops at sequence 3 again" in output


def test_a_mended_fault_is_said_to_be_mended(tmp_path: Path) -> None:
    """A message that can be answered has exit code 0, also as JSON."""
    leave(tmp_path / "left", broken=False)
    code, output = replay(tmp_path / "left", "--json")
    assert (code, json.loads(output)) == (0, {"partition": 3, "sequence": 3, "repeated": False, "traceback": []})


def test_a_directory_without_a_state_cannot_be_repeated(tmp_path: Path) -> None:
    """Contradicting streams leave nothing to carry out; the fault says what to read instead."""
    evidence.write(tmp_path / "left", {"partition": 0, "sequence": 1}, {"message": b"x"})
    done = CliRunner().invoke(app, ["evidence", str(tmp_path / "left")])
    assert "there is no fault to repeat" in str(done.exception)


def test_a_state_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    """Damaged, or of another version: a sentence with a way on, and no traceback of our own."""
    leave(tmp_path / "left", broken=True)
    (tmp_path / "left" / "state").write_bytes(b"nonsense")
    done = CliRunner().invoke(app, ["evidence", str(tmp_path / "left")])
    assert isinstance(done.exception, Fault)
    assert "there is no fault to repeat" in str(done.exception)
