"""What `openbell up` says when it is open tells no secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openbell.api import Readiness
from openbell.local.banner import announce, announce_json

OPEN = Readiness(ready=True)
NATS = "nats://me:hidden@127.0.0.1:4222"


def test_the_password_of_nats_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither to a person nor to a script: standard output may be kept anywhere."""
    announce("http://127.0.0.1:8080", NATS, Path("data"), OPEN, demo=True)
    said = capsys.readouterr().out
    assert "nats://127.0.0.1:4222" in said
    assert "hidden" not in said
    announce_json("http://127.0.0.1:8080", NATS, Path("data"), OPEN, demo=False)
    assert json.loads(capsys.readouterr().out)["nats_url"] == "nats://127.0.0.1:4222"
