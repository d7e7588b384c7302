"""Tokens of a local exchange."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from gateway.identity.tokens import Identity
from openbell.durations import seconds_of
from openbell.errors import Fault
from openbell.local.data_dir import DataDir
from openbell.local.tokens import ISSUER, OWN_TOKEN_SECONDS, own_admin_token, token_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data_dir(tmp_path: Path) -> DataDir:
    found = DataDir(tmp_path)
    found.prepare()
    return found


@pytest.fixture
def identity(data_dir: DataDir) -> Identity:
    return Identity(ISSUER, data_dir.secret(), None)


async def test_a_gateway_with_the_same_secret_believes_the_token(data_dir: DataDir, identity: Identity) -> None:
    """Account, scope, others' accounts and lifetime arrive as they were asked for."""
    principal = await identity.verify(token_for(data_dir, "alice", "trade  read", 600, "bob, carla"))
    assert principal.account == "alice"
    assert principal.scope == {"read", "trade"}
    assert principal.accounts == {"bob", "carla"}
    assert 595 <= principal.expires - time.time() <= 600


async def test_a_star_stands_for_every_account(data_dir: DataDir, identity: Identity) -> None:
    """A replay or a broker may act for anybody."""
    principal = await identity.verify(token_for(data_dir, "broker", "trade", 60, "*"))
    assert principal.may_act_for("whoever")


async def test_the_command_line_makes_itself_a_short_lived_operator(data_dir: DataDir, identity: Identity) -> None:
    """What `openbell admin` mints for itself is good for a minute and for the admin scope."""
    principal = await identity.verify(own_admin_token(data_dir))
    assert principal.may("admin")
    assert not principal.may("trade")
    assert principal.expires <= time.time() + OWN_TOKEN_SECONDS


@pytest.mark.parametrize(
    ("account", "scope", "seconds", "what"),
    [
        ("al ice", "read", 60, "account"),
        ("", "read", 60, "account"),
        ("alice", "root", 60, "--scope 'root'"),
        ("alice", " ", 60, "--scope"),
        ("alice", "read", 24 * 3_600 + 1, "at most 24 hours"),
    ],
)
def test_a_token_that_no_gateway_would_take_is_not_minted(
    data_dir: DataDir, account: str, scope: str, seconds: int, what: str
) -> None:
    """The mistake is named, with a sentence that says what to write instead."""
    with pytest.raises(Fault, match=what) as caught:
        token_for(data_dir, account, scope, seconds)
    assert caught.value.mend


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("8h", 28_800), ("1d", 86_400), (" 1H ", 3_600)]
)
def test_durations_are_read_as_people_write_them(text: str, seconds: int) -> None:
    """A number with s, m, h or d; seconds without."""
    assert seconds_of(text, "--ttl") == seconds


@pytest.mark.parametrize("text", ["", "0", "-1h", "1.5h", "1w", "h", "1h30m", "99999999999"])
def test_other_durations_are_refused_with_the_option_named(text: str) -> None:
    """What cannot be read says which option it was given to."""
    with pytest.raises(Fault, match="--ttl"):
        seconds_of(text, "--ttl")
