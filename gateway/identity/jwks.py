"""JWKS: the public keys that verify tokens, a JSON Web Key Set (RFC 7517) from a URL or a file.

Rules: read at the start and every `REFRESH_SECONDS`; an unknown `kid` reads the set again, at most once in
`UNKNOWN_KID_SECONDS`; while the source is away the last set stays in force. Each key has exactly one algorithm.
Ignored in a set: symmetric and private keys, keys for another use, RSA below 2,048 bits, other curves.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import jwt
import structlog
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from gateway.errors import ApiError, SourceAway
from streams.settings import without_password

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REFRESH_SECONDS: Final = 600.0
UNKNOWN_KID_SECONDS: Final = 60.0
FETCH_SECONDS: Final = 5.0
SET_BYTES_MAX: Final = 262_144
KEYS_MAX: Final = 100
"""Keys of one set; keys beyond the bound are ignored."""
RSA_BITS_MIN: Final = 2_048
RSA_BITS_MAX: Final = 8_192
"""With a larger key one check would delay everybody else's requests."""

log = structlog.get_logger()


@dataclass(frozen=True)
class VerifyingKey:
    """A public key of `cryptography` and the one algorithm it is used with."""

    kid: str
    algorithm: str
    public: Any


class Jwks:
    """The keys of one source. `run` keeps them fresh; `find` may be called with or without it running.

    source: an http(s) URL, or the path of a file. clock: seconds, monotonic.
    """

    def __init__(
        self,
        source: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.generation = 0
        self._source = source
        self._clock = clock
        self._sleep = sleep
        self._keys: dict[str, VerifyingKey] = {}
        self._digest = b""
        self._asked_at = float("-inf")
        self._reading = asyncio.Lock()

    @property
    def loaded(self) -> bool:
        """Whether a set was ever read: without a set a gateway is not ready."""
        return self.generation > 0

    async def run(self) -> None:
        """Read the set every REFRESH_SECONDS, at first more often, until canceled."""
        while True:
            async with self._reading:
                await self._read()
            await self._sleep(REFRESH_SECONDS if self.loaded else UNKNOWN_KID_SECONDS)

    async def find(self, kid: str) -> VerifyingKey | None:
        """The key of that id; an unknown id makes the set be read again; None if the set has no such key.

        Raises ApiError `unavailable` as long as no set was ever read.
        """
        if kid not in self._keys:
            # A caller that waits here for another's reading finds the result and does not read again.
            async with self._reading:
                if kid not in self._keys and self._clock() - self._asked_at >= UNKNOWN_KID_SECONDS:
                    await self._read()
        if not self.loaded:
            raise ApiError("unavailable", "the keys that tokens are checked with could not be read yet", retry_after=5)
        return self._keys.get(kid)

    async def _read(self) -> None:
        self._asked_at = self._clock()
        try:
            data = await self._fetch()
            keys = keys_of(data)
        except SourceAway as error:
            source = without_password(self._source)
            log.warning("jwks.away", source=source, reason=str(error), keys_kept=len(self._keys))
            return
        digest = sha256(data).digest()
        if digest != self._digest:
            self._keys, self._digest = keys, digest
            self.generation += 1
            log.info("jwks.read", source=without_password(self._source), kids=list(keys))

    async def _fetch(self) -> bytes:
        try:
            if self._source.startswith(("http://", "https://")):
                return await fetch(self._source)
            return await asyncio.to_thread(read_file, Path(self._source))
        except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise SourceAway(f"{type(error).__name__}: {error}") from error


async def fetch(url: str) -> bytes:
    """The body at a URL. Redirects are not followed: keys come from the URL that the operator set, or not at all."""
    limit = aiohttp.ClientTimeout(total=FETCH_SECONDS)
    async with aiohttp.ClientSession(timeout=limit) as client, client.get(url, allow_redirects=False) as response:
        if response.status != 200:
            raise SourceAway(f"status {response.status}")
        data = bytearray()
        async for part in response.content.iter_chunked(65_536):
            data += part
            if len(data) > SET_BYTES_MAX:
                raise SourceAway(f"more than {SET_BYTES_MAX} bytes")
        return bytes(data)


def read_file(path: Path) -> bytes:
    """A file's content."""
    with path.open("rb") as file:
        data = file.read(SET_BYTES_MAX + 1)
    if len(data) > SET_BYTES_MAX:
        raise SourceAway(f"more than {SET_BYTES_MAX} bytes")
    return data


def keys_of(data: bytes) -> dict[str, VerifyingKey]:
    """The usable keys of a set by their ids; of two with one id the first. SourceAway if the data is no key set."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceAway("no JSON") from error
    rows = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise SourceAway("no JSON Web Key Set")
    keys: dict[str, VerifyingKey] = {}
    for row in rows[:KEYS_MAX]:
        key = key_of(row) if isinstance(row, dict) else None
        if key is None:
            log.warning("jwks.key_ignored", kid=str(row.get("kid"))[:64] if isinstance(row, dict) else "")
        else:
            keys.setdefault(key.kid, key)
    return keys


def key_of(row: dict[str, Any]) -> VerifyingKey | None:
    """The key that a row of a set describes; None if the row is to be ignored."""
    kid = row.get("kid")
    algorithm = algorithm_of(row)
    if not isinstance(kid, str) or not kid or algorithm is None or not is_for_verifying(row):
        return None
    try:
        public = READERS[algorithm](row)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if algorithm == "RS256" and not RSA_BITS_MIN <= public.key_size <= RSA_BITS_MAX:
        return None
    return VerifyingKey(kid, algorithm, public)


def algorithm_of(row: dict[str, Any]) -> str | None:
    """The one algorithm of a key, by its kind; None if its `alg` is another."""
    kinds = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256", ("RSA", None): "RS256"}
    kind, curve = row.get("kty"), row.get("crv")
    if not isinstance(kind, str) or not isinstance(curve, str | None):
        return None
    algorithm = kinds.get((kind, curve))
    return algorithm if row.get("alg", algorithm) == algorithm else None


def is_for_verifying(row: dict[str, Any]) -> bool:
    """Whether a key may verify signatures; a key whose private part is in the set is compromised."""
    operations = row.get("key_ops", ["verify"])
    return row.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations and "d" not in row


READERS: Final[dict[str, Callable[[dict[str, Any]], Any]]] = {
    "EdDSA": OKPAlgorithm.from_jwk,
    "ES256": ECAlgorithm.from_jwk,
    "RS256": RSAAlgorithm.from_jwk,
}
