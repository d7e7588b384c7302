"""Keys and a clock for what checks tokens: no source to fetch from, no time that passes by itself."""

from __future__ import annotations

from gateway.identity.jwks import VerifyingKey
from tests.support.tokens import ED25519, NOW, P256, RSA_2048


class Clock:
    """A clock that stands until the test moves it."""

    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        """The time."""
        return self.now


class KeysInHand:
    """A key source that needs no source."""

    def __init__(self) -> None:
        self.generation = 1
        self.keys = {
            "ed": VerifyingKey("ed", "EdDSA", ED25519.public_key()),
            "ec": VerifyingKey("ec", "ES256", P256.public_key()),
            "rsa": VerifyingKey("rsa", "RS256", RSA_2048.public_key()),
        }

    async def find(self, kid: str) -> VerifyingKey | None:
        """The key of that id."""
        return self.keys.get(kid)
