"""Minting: tokens for a local exchange, and nothing that its gateway would refuse."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.identity.tokens import Identity, mint
from tests.support.keys import Clock
from tests.support.tokens import (
    ISSUER,
    NOW,
    SECRET,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_minted_tokens_are_taken(clock: Clock) -> None:
    """What `openbell token` makes, the gateway of the same exchange believes."""
    token = mint(SECRET, "openbell-local", "alice", "read trade", 3_600, accounts="*", now=NOW)
    principal = await Identity("openbell-local", SECRET, None, clock).verify(token)
    assert (principal.account, principal.subject, principal.scope_text) == ("alice", "alice", "read trade")
    assert principal.may_act_for("bob")
    assert principal.expires == NOW + 3_600
    assert principal.token_id


@pytest.mark.parametrize(
    "wrong",
    [
        {"account": "a b"},
        {"scope": "read write"},
        {"ttl_seconds": 24 * 3_600 + 1},
        {"ttl_seconds": 0},
        {"accounts": ["a b"]},
        {"accounts": [f"account-{n}" for n in range(400)]},
    ],
    ids=str,
)
def test_nothing_is_minted_that_no_gateway_would_take(wrong: dict[str, Any]) -> None:
    """The mistake shows where it is made."""
    good: dict[str, Any] = {"secret": SECRET, "issuer": ISSUER, "account": "alice", "scope": "read", "ttl_seconds": 60}
    with pytest.raises(ValueError, match=r"token|scope"):
        mint(**good | wrong)
