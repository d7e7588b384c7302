"""Key sets: what is taken from them, when they are read, and what happens while they are away."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import HMACAlgorithm, OKPAlgorithm

from gateway.errors import ApiError, SourceAway
from gateway.identity.jwks import KEYS_MAX, SET_BYTES_MAX, UNKNOWN_KID_SECONDS, Jwks, keys_of
from gateway.identity.tokens import Identity
from tests.support.tokens import ED25519, ISSUER, NOW, P256, P384, RSA_1024, RSA_2048, SECRET, public, signed_by

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

GOOD = [public("ed", ED25519), public("ec", P256), public("rsa", RSA_2048)]


class Source:
    """An identity provider's key URL, and how often it was asked."""

    def __init__(self) -> None:
        self.rows = GOOD
        self.status = 200
        self.body: bytes | None = None
        self.asked = 0

    async def answer(self, request: web.Request) -> web.Response:
        """The set as it is now, whatever is asked."""
        self.asked += 1
        body = json.dumps({"keys": self.rows}).encode() if self.body is None else self.body
        return web.Response(status=self.status, body=body, headers={"Location": "/jwks.json"})


class Clock:
    """A clock that stands until the test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


@asynccontextmanager
async def serving(source: Source) -> AsyncIterator[str]:
    """The source at an address of this machine."""
    application = web.Application()
    application.router.add_get("/jwks.json", source.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json"
    finally:
        await runner.cleanup()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def jwks(source: Source, clock: Clock) -> AsyncIterator[Jwks]:
    async with serving(source) as url:
        yield Jwks(url, clock)


def kinds(rows: Iterable[object]) -> dict[str, str]:
    """Which key ids were taken, and with which algorithm."""
    return {kid: key.algorithm for kid, key in keys_of(json.dumps({"keys": rows}).encode()).items()}


def test_each_key_has_the_one_algorithm_of_its_kind() -> None:
    """Ed25519 is EdDSA, P-256 is ES256, RSA is RS256, whether the set says so or not."""
    expected = {"ed": "EdDSA", "ec": "ES256", "rsa": "RS256"}
    assert kinds(GOOD) == expected
    assert kinds([{**row, "alg": expected[row["kid"]]} for row in GOOD]) == expected
    assert kinds([{**row, "key_ops": ["verify"]} for row in GOOD]) == expected
    assert (
        kinds([public(row_kid, key, use=None) for row_kid, key in [("ed", ED25519), ("ec", P256), ("rsa", RSA_2048)]])
        == expected
    )


IGNORED = {
    "symmetric": HMACAlgorithm.to_jwk(SECRET, as_dict=True) | {"kid": "k"},
    "private": OKPAlgorithm.to_jwk(ED25519, as_dict=True) | {"kid": "k"},
    "for encryption": public("k", RSA_2048, use="enc"),
    "for signing only": public("k", RSA_2048, key_ops=["sign"]),
    "operations are no list": public("k", RSA_2048, key_ops="verify"),
    "short RSA": public("k", RSA_1024),
    "other curve": public("k", P384),
    "other algorithm": public("k", RSA_2048, alg="RS512"),
    "PSS": public("k", RSA_2048, alg="PS256"),
    "HS256 on RSA": public("k", RSA_2048, alg="HS256"),
    "no id": public("k", ED25519, kid=None),
    "empty id": public("", ED25519),
    "id is a number": public("k", ED25519, kid=7),
    "kind is a list": public("k", ED25519, kty=["OKP"]),
    "curve is a list": public("k", ED25519, crv=["Ed25519"]),
    "no coordinates": public("k", P256, x=None),
    "off the curve": public("k", P256, x=public("k", P256)["y"]),
    "coordinate is a number": public("k", ED25519, x=7),
    "RSA exponent 1": public("k", RSA_2048, e="AQ"),
    "RSA of nothing": public("k", RSA_2048, n=""),
    "no object": "key",
    "nothing": None,
}


@pytest.mark.parametrize("row", IGNORED.values(), ids=IGNORED)
def test_a_key_that_is_not_plainly_for_verifying_is_ignored(row: dict[str, Any] | str | None) -> None:
    """One bad row neither counts nor spoils the others."""
    assert kinds([row, *GOOD]) == {"ed": "EdDSA", "ec": "ES256", "rsa": "RS256"}


def test_of_two_keys_with_one_id_the_first_counts() -> None:
    """And the number of keys is bounded."""
    assert kinds([public("a", ED25519), public("a", P256)]) == {"a": "EdDSA"}
    assert len(kinds([public(f"k{number}", ED25519) for number in range(KEYS_MAX + 5)])) == KEYS_MAX


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"keys": {}}', b"\xff", b"<html>", b"[" * 10_000])
def test_what_is_no_set_counts_as_a_source_away(data: bytes) -> None:
    """A login page or half a file does not empty the keys."""
    with pytest.raises(SourceAway):
        keys_of(data)


async def test_keys_are_read_from_a_url_when_first_needed(jwks: Jwks, source: Source) -> None:
    """The second question is answered from memory."""
    assert not jwks.loaded
    assert [key and key.algorithm for key in [await jwks.find(kid) for kid in ("ed", "ec", "rsa")]] == [
        "EdDSA",
        "ES256",
        "RS256",
    ]
    assert (jwks.loaded, source.asked) == (True, 1)


async def test_keys_are_read_from_a_file(tmp_path: Path, clock: Clock) -> None:
    """And read again from it like from a URL."""
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": GOOD[:1]}))
    jwks = Jwks(str(path), clock)
    assert await jwks.find("ed")
    path.write_text(json.dumps({"keys": GOOD}))
    clock.now += UNKNOWN_KID_SECONDS
    assert await jwks.find("rsa")


async def test_an_unknown_kid_reads_again_at_most_once_a_minute(jwks: Jwks, source: Source, clock: Clock) -> None:
    """A new key is found soon; invented ids do not become requests to the provider."""
    source.rows = GOOD[:1]
    assert await jwks.find("ed")
    source.rows = GOOD
    assert [await jwks.find("rsa"), await jwks.find("made-up")] == [None, None]
    clock.now += UNKNOWN_KID_SECONDS
    assert await jwks.find("rsa")
    assert await jwks.find("made-up") is None
    assert source.asked == 2


async def test_many_unknown_kids_at_once_read_once(jwks: Jwks, source: Source) -> None:
    """Whoever waits for another's reading uses its result."""
    assert await asyncio.gather(*[jwks.find(f"k{number}") for number in range(50)]) == [None] * 50
    assert source.asked == 1


async def test_known_keys_do_not_wait_for_a_reading(clock: Clock) -> None:
    """A provider that hangs holds up nobody whose key is known."""
    hanging, release = asyncio.Event(), asyncio.Event()

    class Hanging(Source):
        async def answer(self, request: web.Request) -> web.Response:
            if self.asked:
                hanging.set()
                await release.wait()
            return await super().answer(request)

    source = Hanging()
    async with serving(source) as url, asyncio.timeout(10):
        jwks = Jwks(url, clock)
        assert await jwks.find("ed")
        clock.now += UNKNOWN_KID_SECONDS
        unknown = asyncio.create_task(jwks.find("made-up"))
        await hanging.wait()
        assert await jwks.find("ed")
        assert not unknown.done()
        release.set()
        assert await unknown is None


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (302, None), (404, None), (200, b"<html>"), (200, b" " * (SET_BYTES_MAX + 1)), (200, b"")],
)
async def test_the_last_keys_stay_while_the_source_is_away(
    jwks: Jwks, source: Source, clock: Clock, status: int, body: bytes | None
) -> None:
    """Errors, redirects, login pages and floods change nothing."""
    assert await jwks.find("ed")
    source.status, source.body = status, body
    clock.now += UNKNOWN_KID_SECONDS
    assert await jwks.find("made-up") is None
    assert source.asked == 2
    assert await jwks.find("ed")


async def test_without_any_keys_yet_the_answer_is_unavailable(tmp_path: Path) -> None:
    """It is our fault and not the token's."""
    with pytest.raises(ApiError) as refused:
        await Jwks(str(tmp_path / "missing.json")).find("ed")
    assert refused.value.code == "unavailable"


async def test_running_reads_at_once_and_again_after_ten_minutes(source: Source, clock: Clock) -> None:
    """Also when nobody asks for an unknown key: a withdrawn one has to go."""
    pauses: asyncio.Queue[float] = asyncio.Queue()
    go_on = asyncio.Semaphore(0)

    async def pause(seconds: float) -> None:
        pauses.put_nowait(seconds)
        await go_on.acquire()

    async with serving(source) as url:
        jwks = Jwks(url, clock, pause)
        running = asyncio.create_task(jwks.run())
        async with asyncio.timeout(10):
            assert await pauses.get() == 600
            assert (source.asked, jwks.generation) == (1, 1)
            source.rows = GOOD[1:]
            go_on.release()
            assert await pauses.get() == 600
        assert await jwks.find("ed") is None
        assert (source.asked, jwks.generation) == (2, 2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_set_that_has_not_changed_keeps_its_generation(jwks: Jwks, clock: Clock) -> None:
    """Tokens already verified are not forgotten for nothing."""
    await jwks.find("ed")
    clock.now += UNKNOWN_KID_SECONDS
    await jwks.find("made-up")
    assert jwks.generation == 1


async def test_a_token_signed_by_a_key_of_the_set_is_believed(jwks: Jwks) -> None:
    """The whole way: URL, key, signature, principal; and a foreign key under a known id is not."""
    identity = Identity(ISSUER, None, jwks, lambda: NOW)
    assert (await identity.verify(signed_by("rsa", RSA_2048, "RS256"))).account == "alice"
    stranger = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    for token in (
        signed_by("rsa", stranger, "RS256"),
        signed_by("ec", ec.generate_private_key(ec.SECP256R1()), "ES256"),
        signed_by("ec", ED25519, "EdDSA"),
    ):
        with pytest.raises(ApiError, match="unauthenticated"):
            await identity.verify(token)
