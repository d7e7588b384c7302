"""Identity: which tokens are believed, and what becomes of all others."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.errors import ApiError
from gateway.identity import tokens as module
from gateway.identity.jwks import VerifyingKey
from gateway.identity.tokens import Identity, Principal
from tests.support.keys import Clock, KeysInHand
from tests.support.tokens import (
    ED25519,
    ISSUER,
    NOW,
    P256,
    RSA_2048,
    SECRET,
    claims,
    part,
    signed,
    signed_by,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys() -> KeysInHand:
    return KeysInHand()


@pytest.fixture
def identity(clock: Clock, keys: KeysInHand) -> Identity:
    return Identity(ISSUER, SECRET, keys, clock)


async def refusal(identity: Identity, token: str) -> ApiError:
    """The error that a token is answered with."""
    with pytest.raises(ApiError) as refused:
        await identity.verify(token)
    return refused.value


async def test_a_token_in_order_names_its_principal(identity: Identity) -> None:
    """Everything that a token says of its bearer arrives."""
    token = signed(claims(accounts=["bob", "carla"], scope="read openid admin", jti="id-1", nbf=NOW))
    assert await identity.verify(token) == Principal(
        account="alice",
        accounts=frozenset({"bob", "carla"}),
        scope=frozenset({"read", "admin"}),
        subject="somebody",
        expires=NOW + 3_600,
        token_id="id-1",
    )


@pytest.mark.parametrize(
    ("kid", "key", "algorithm"), [("ed", ED25519, "EdDSA"), ("ec", P256, "ES256"), ("rsa", RSA_2048, "RS256")]
)
async def test_each_asymmetric_algorithm_is_taken_from_its_own_key(
    identity: Identity, kid: str, key: PrivateKeyTypes, algorithm: str
) -> None:
    """EdDSA, ES256 and RS256 by the kid of a key set."""
    assert (await identity.verify(signed_by(kid, key, algorithm))).account == "alice"


async def test_a_principal_may_what_its_token_says_and_nothing_else(identity: Identity) -> None:
    """No scope includes another; other accounts only those named, or all with "*"."""
    trader = await identity.verify(signed(claims(scope="trade", accounts=["bob"])))
    assert [trader.may(scope) for scope in ("read", "trade", "admin")] == [False, True, False]
    assert [trader.may_act_for(name) for name in ("alice", "bob", "carla", "*")] == [True, True, False, False]
    broker = await identity.verify(signed(claims(accounts="*")))
    assert broker.may_act_for("anybody")
    nobody = await identity.verify(signed(claims(scope=None)))
    assert nobody.scope_text == ""
    assert broker.scope_text == "read trade"


@pytest.mark.parametrize("typ", ["JWT", "jwt", "at+jwt", "application/at+jwt"])
async def test_the_types_of_access_tokens_are_taken(identity: Identity, typ: str) -> None:
    """`typ` is a media type: without case, and with or without `application/`."""
    assert await identity.verify(signed(claims(), {"alg": "HS256", "typ": typ}))


async def test_a_header_without_typ_is_taken(identity: Identity) -> None:
    """`typ` is optional."""
    assert await identity.verify(signed(claims(), {"alg": "HS256"}))


HEADERS = [
    {"alg": "none"},
    {"alg": "HS384"},
    {"alg": "hs256"},
    {"alg": ["HS256"]},
    {"alg": None},
    {},
    {"alg": "HS256", "typ": "logout+jwt"},
    {"alg": "HS256", "typ": "JOSE"},
    {"alg": "HS256", "typ": None},
    {"alg": "HS256", "typ": 1},
    {"alg": "HS256", "crit": []},
    {"alg": "HS256", "crit": ["exp"], "exp": 1},
    {"alg": "HS256", "b64": True},
    {"alg": "HS256", "b64": False, "crit": ["b64"]},
    {"alg": "EdDSA"},
    {"alg": "EdDSA", "kid": ""},
    {"alg": "EdDSA", "kid": 7},
    {"alg": "EdDSA", "kid": "nobody"},
    {"alg": "RS256", "kid": "ed"},
    {"alg": "HS512", "kid": "rsa"},
    [],
    "no object",
    '{"alg": "HS256", "alg": "HS256"}',
    '{"alg": "HS256"',
    "[" * 2_000,
    "",
]


@pytest.mark.parametrize("header", HEADERS, ids=str)
async def test_a_header_that_is_not_plain_is_refused(
    identity: Identity, header: dict[str, Any] | list[Any] | str
) -> None:
    """Other algorithms, extensions, foreign types, keys not named or of another algorithm."""
    assert (await refusal(identity, signed(claims(), header))).code == "unauthenticated"


CLAIMS: list[dict[str, Any]] = [
    {"exp": None},
    {"aud": None},
    {"iss": None},
    {"sub": None},
    {"account": None},
    {"exp": float(NOW + 60)},
    {"exp": True},
    {"exp": str(NOW + 60)},
    {"exp": 1e300},
    {"exp": 10**400},
    {"exp": -1},
    {"exp": NOW + 24 * 3_600 + 1},
    {"exp": NOW + 24 * 3_600 + 1, "iat": None},
    {"exp": NOW + 3_600, "iat": NOW - 23 * 3_600 - 1},
    {"iat": NOW + 6},
    {"iat": float(NOW)},
    {"iat": True},
    {"nbf": NOW + 6},
    {"nbf": str(NOW)},
    {"nbf": False},
    {"aud": "openbell2"},
    {"aud": ["openbell"]},
    {"aud": "Openbell"},
    {"aud": 1},
    {"iss": "https://issuer.example/"},
    {"iss": [ISSUER]},
    {"sub": ""},
    {"sub": 7},
    {"sub": "line\nbreak"},
    {"sub": "\ud800"},
    {"sub": "x" * 257},
    {"jti": 7},
    {"jti": ""},
    {"account": ""},
    {"account": "a.b"},
    {"account": "a" * 33},
    {"account": "alice\n"},
    {"account": "älice"},
    {"account": "*"},
    {"account": ["alice"]},
    {"accounts": "bob"},
    {"accounts": ["*"]},
    {"accounts": ["bob", 7]},
    {"accounts": {"bob": 1}},
    {"scope": ["read"]},
    {"scope": "read  trade"},
    {"scope": " read"},
    {"scope": 'read "trade"'},
    {"scope": "read\ttrade"},
]


@pytest.mark.parametrize("changed", CLAIMS, ids=str)
async def test_claims_that_are_missing_or_wrong_are_refused(identity: Identity, changed: dict[str, Any]) -> None:
    """Each rule of the protocol about claims, one by one, in a token whose signature is right."""
    assert (await refusal(identity, signed(claims(**changed)))).code == "unauthenticated"


PAYLOADS = [
    json.dumps(claims())[:-1] + ', "account": "alice"}',
    json.dumps(claims())[:-1] + ', "extra": {"a": 1, "a": 1}}',
    json.dumps([claims()]),
    json.dumps(claims())[:-1] + ', "deep": ' + "[" * 1_400 + "]" * 1_400 + "}",
    "null",
    "",
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
async def test_a_payload_with_two_readings_or_none_is_refused(identity: Identity, payload: str) -> None:
    """Repeated claims at any depth, other JSON than an object, no JSON."""
    assert (await refusal(identity, signed(payload))).code == "unauthenticated"


async def test_a_little_leeway_is_given_to_the_issuers_clock(identity: Identity) -> None:
    """Five seconds for nbf and iat; the longest life and the last second are fine too."""
    assert await identity.verify(signed(claims(nbf=NOW + 5, iat=NOW + 5)))
    assert await identity.verify(signed(claims(exp=NOW + 24 * 3_600)))
    assert await identity.verify(signed(claims(exp=NOW + 1, iat=NOW + 1 - 24 * 3_600)))


async def test_a_token_ends_at_exp_remembered_or_not(identity: Identity, clock: Clock) -> None:
    """There is no leeway at the end, and memory does not prolong a life."""
    token = signed(claims(exp=NOW + 10))
    clock.now = NOW + 9.9
    assert await identity.verify(token)
    clock.now = NOW + 10.0
    assert (await refusal(identity, token)).code == "token_expired"
    assert (await refusal(identity, signed(claims(exp=NOW)))).code == "token_expired"


async def test_a_longer_token_than_allowed_is_not_even_read(identity: Identity) -> None:
    """4,096 characters are the most."""
    token = signed(claims(filler="x" * 3_600))
    assert len(token) > 4_096
    assert "longer" in (await refusal(identity, token)).message


async def test_hs256_is_never_checked_with_a_public_key(identity: Identity) -> None:
    """The old confusion: a public key, known to everybody, taken as the secret."""
    for key in (RSA_2048, P256, ED25519):
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
            shown = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
            text = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(claims())}"
            signature = base64.urlsafe_b64encode(
                jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(text.encode(), shown)
            )
            assert (await refusal(identity, f"{text}.{signature.rstrip(b'=').decode()}")).code == "unauthenticated"


async def test_a_gateway_takes_only_what_it_is_configured_for(keys: KeysInHand, clock: Clock) -> None:
    """Without a secret no HS256, without a key set nothing else, without both nothing."""
    by_keys, by_secret, by_none = (
        Identity(ISSUER, None, keys, clock),
        Identity(ISSUER, SECRET, None, clock),
        Identity(ISSUER, None, None, clock),
    )
    symmetric, asymmetric = signed(claims()), signed_by("ed", ED25519, "EdDSA")
    assert await by_keys.verify(asymmetric)
    assert await by_secret.verify(symmetric)
    for identity, token in [(by_keys, symmetric), (by_secret, asymmetric), (by_none, symmetric), (by_none, asymmetric)]:
        assert (await refusal(identity, token)).code == "unauthenticated"


async def test_a_withdrawn_key_takes_its_tokens_with_it(identity: Identity, keys: KeysInHand) -> None:
    """What was verified by a key counts only while the key does."""
    token = signed_by("ed", ED25519, "EdDSA")
    assert await identity.verify(token)
    del keys.keys["ed"]
    keys.generation += 1
    assert (await refusal(identity, token)).code == "unauthenticated"


class CountedKeys(KeysInHand):
    """Says how often a key was asked for: once for each signature that is checked."""

    asked = 0

    async def find(self, kid: str) -> VerifyingKey | None:
        self.asked += 1
        return await super().find(kid)


async def test_a_token_is_checked_once_and_the_memory_is_bounded(clock: Clock) -> None:
    """The second time costs no signature check; beyond the bound the oldest is checked again."""
    keys = CountedKeys()
    identity = Identity(ISSUER, SECRET, keys, clock, remembered_max=2)
    first, second, third = (signed_by("ed", ED25519, "EdDSA", sub=name) for name in ("1", "2", "3"))
    checked = []
    for token in (first, first, second, third, third, second, first):
        await identity.verify(token)
        checked.append(keys.asked)
    assert checked == [1, 1, 2, 3, 3, 3, 4]


async def test_a_refused_token_is_not_remembered(identity: Identity, clock: Clock) -> None:
    """A token whose time has not come is good when it has."""
    token = signed(claims(nbf=NOW + 60))
    assert (await refusal(identity, token)).code == "unauthenticated"
    clock.now = NOW + 60.0
    assert await identity.verify(token)


async def test_no_refusal_repeats_the_token(identity: Identity) -> None:
    """Messages may be logged and shown; tokens may not."""
    token = signed(claims(account="not an account"))
    error = await refusal(identity, token)
    assert not any(piece in str(error.body("")) for piece in [*token.split("."), "not an account"])


TOKENS = [
    signed(claims()),
    signed_by("ed", ED25519, "EdDSA"),
    signed_by("ec", P256, "ES256"),
    signed_by("rsa", RSA_2048, "RS256"),
]


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    token=st.sampled_from(TOKENS),
    place=st.floats(0, 1, exclude_max=True),
    removed=st.integers(0, 3),
    inserted=st.text(st.sampled_from(string.ascii_letters + string.digits + "-_.=+/ \n\0é\ud800"), max_size=3),
)
@example(
    TOKENS[0],
    0.999999,
    0,
    "=",
)
@example(TOKENS[0], 0.999999, 1, "\n")
async def test_a_changed_token_is_never_believed(
    identity: Identity, token: str, place: float, removed: int, inserted: str
) -> None:
    """Whatever is cut out or put in anywhere, the answer is `unauthenticated`."""
    index = int(place * len(token))
    changed = token[:index] + inserted + token[index + removed :]
    if changed != token:
        assert (await refusal(identity, changed)).code == "unauthenticated"


async def test_no_other_last_character_is_believed(identity: Identity) -> None:
    """Base64 has spare bits at its end: what decodes alike is refused all the same."""
    for token in TOKENS:
        for last in string.ascii_letters + string.digits + "-_":
            if last != token[-1]:
                assert (await refusal(identity, token[:-1] + last)).code == "unauthenticated"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([NOW, NOW + 60, "openbell", ISSUER]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changed=st.dictionaries(st.sampled_from([*claims(), "nbf", "jti", "accounts"]), JSON, min_size=1, max_size=3))
async def test_a_signed_token_of_any_claims_is_believed_or_refused(identity: Identity, changed: dict[str, Any]) -> None:
    """An issuer gone mad brings nobody down: a principal within the rules, or an ApiError."""
    try:
        principal = await identity.verify(signed(claims() | changed))
    except ApiError as error:
        code = error.code
    else:
        code = ""
        assert module.is_account(principal.account)
        assert NOW < principal.expires <= NOW + 24 * 3_600 + 5
    assert code in ("", "unauthenticated", "token_expired")


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text(max_size=200)
    | st.lists(st.text(max_size=30).map(part) | JSON.map(part), min_size=3, max_size=3).map(".".join)
)
async def test_any_text_at_all_is_answered(identity: Identity, text: str) -> None:
    """Nothing that a stranger sends raises anything but ApiError."""
    assert (await refusal(identity, text)).code == "unauthenticated"
