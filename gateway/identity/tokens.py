"""Tokens: a JWT in, a `Principal` out (RFC 7519, checked as RFC 8725 requires).

Rules, all in docs/protocol.md, "Identity":
- the algorithm belongs to the key, never to the token: HS256 means the configured secret and nothing else,
  any other algorithm means the key of the JWKS that the token's `kid` names;
- a token has one reading: repeated claims, base64 that is not canonical, `crit` or a foreign `typ` refuse it;
- no token is valid for more than 24 hours.
Units: times are whole seconds since 1970.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Protocol

import jwt

from gateway.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.identity.jwks import VerifyingKey
    from gateway.settings import GatewaySettings

AUDIENCE: Final = "openbell"
SCOPES: Final = ("read", "trade", "admin")
TYPES: Final = ("jwt", "at+jwt")
ANY_ACCOUNT: Final = "*"
TOKEN_CHARACTERS_MAX: Final = 4_096
LIFETIME_SECONDS_MAX: Final = 24 * 3_600
LEEWAY_SECONDS: Final = 5
"""How far the issuer's clock may be ahead of ours; `exp` has no leeway, sessions end at `exp`."""
TIME_MAX: Final = 253_402_300_799
"""The end of the year 9999: no later time can be printed."""
NAME_CHARACTERS_MAX: Final = 256
REMEMBERED_MAX: Final = 10_000
"""Verified tokens that are cached (a check costs about 100 µs); the oldest is evicted."""

REQUIRED: Final = ("exp", "aud", "iss", "sub", "account")
TIMES: Final = ("exp", "nbf", "iat")

signatures = jwt.PyJWS(options={"enforce_minimum_key_length": True})
"""Checks signatures only: PyJWT's checks of claims are weaker than those of this module."""

is_account = re.compile(r"[A-Za-z0-9_-]{1,32}").fullmatch
is_scope = re.compile(r"(?:[!#-\[\]-~]+(?: [!#-\[\]-~]+)*)?").fullmatch  # RFC 6749, 3.3
is_base64url = re.compile(r"[A-Za-z0-9_-]+").fullmatch


@dataclass(frozen=True)
class Principal:
    """The principal of a token, until `expires`. `accounts`: other accounts it may act for, with "*" all of them."""

    account: str
    accounts: frozenset[str]
    scope: frozenset[str]
    subject: str
    expires: int
    token_id: str

    def may(self, scope: str) -> bool:
        """Whether the token was given this scope; no scope includes another."""
        return scope in self.scope

    def may_act_for(self, account: str) -> bool:
        """Whether the principal's requests may name this account."""
        return account == self.account or account in self.accounts or ANY_ACCOUNT in self.accounts

    def expired(self, now: float) -> bool:
        """Whether the token has expired at `now`, in seconds since 1970."""
        return now >= self.expires

    @property
    def scope_text(self) -> str:
        """The scope as tokens write it."""
        return " ".join(scope for scope in SCOPES if scope in self.scope)


class Keys(Protocol):
    """The source of public keys (`gateway.identity.jwks`)."""

    generation: int
    """Grows whenever the keys change."""

    async def find(self, kid: str) -> VerifyingKey | None:
        """The key of that id; ApiError `unavailable` if no keys could be read yet."""
        ...


class Identity:
    """Verifies tokens of one issuer and caches the verified ones."""

    def __init__(
        self,
        issuer: str,
        secret: bytes | None,
        keys: Keys | None,
        clock: Callable[[], float] = time.time,
        remembered_max: int = REMEMBERED_MAX,
    ) -> None:
        self._issuer = issuer
        self._secret = secret
        self._keys = keys
        self.clock = clock
        """Seconds since 1970, by which tokens expire."""
        self._remembered_max = remembered_max
        self._remembered: OrderedDict[bytes, Principal] = OrderedDict()
        self._generation = 0

    @classmethod
    def from_settings(cls, settings: GatewaySettings, keys: Keys | None) -> Identity:
        """The identity that a gateway's settings describe."""
        return cls(settings.jwt_issuer, settings.jwt_secret, keys)

    def now(self) -> float:
        """The time now, by which tokens expire."""
        return self.clock()

    async def verify(self, token: str) -> Principal:
        """The principal of a valid token.

        Raises ApiError: `token_expired`, `unauthenticated` with the reason, `unavailable` without any keys yet.
        """
        if len(token) > TOKEN_CHARACTERS_MAX:
            raise refused(f"it is longer than {TOKEN_CHARACTERS_MAX} characters")
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        principal = self._recall(digest)
        if principal is None:
            header, claims = read_token(token)
            algorithm, key = await self._key(header)
            check_signature(token, algorithm, key)
            principal = principal_of(claims, self._issuer, self.clock())
            self._remember(digest, principal)
        if principal.expired(self.clock()):
            raise ApiError("token_expired")
        return principal

    async def _key(self, header: dict[str, Any]) -> tuple[str, Any]:
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm == "HS256":
            if self._secret is None:
                raise refused("this gateway takes no HS256")
            return algorithm, self._secret
        if self._keys is None or not isinstance(kid, str) or not kid:
            raise refused("its algorithm is not taken here, or it names no key (kid)")
        key = await self._keys.find(kid)
        if key is None:
            raise refused("its key (kid) is unknown")
        if key.algorithm != algorithm:
            raise refused("its algorithm is not that of its key")
        return key.algorithm, key.public

    def _recall(self, digest: bytes) -> Principal | None:
        # A withdrawn key invalidates the cached tokens that it signed.
        if self._keys is not None and self._keys.generation != self._generation:
            self._generation = self._keys.generation
            self._remembered.clear()
        return self._remembered.get(digest)

    def _remember(self, digest: bytes, principal: Principal) -> None:
        while len(self._remembered) >= self._remembered_max:
            self._remembered.popitem(last=False)
        self._remembered[digest] = principal


def read_token(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token in its one canonical form; neither is trusted yet."""
    parts = token.split(".")
    if len(parts) != 3:
        raise refused("it is no JWT")
    header, claims, _ = (decoded(part) for part in parts)
    members = read_object(header)
    if "crit" in members or "b64" in members:
        raise refused("its header asks for extensions (crit)")
    kind = members.get("typ", "JWT")
    # RFC 7515, 4.1.9: media types compare without case, and `application/` may be written out or left out.
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in TYPES:
        raise refused("its typ is neither JWT nor at+jwt")
    return members, read_object(claims)


def decoded(part: str) -> bytes:
    """The bytes of one part. Another spelling of the same bytes is refused, because it would be another token."""
    if is_base64url(part) is None:
        raise refused("it is no JWT")
    try:
        found = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error as error:
        raise refused("it is no JWT") from error
    if base64.urlsafe_b64encode(found).rstrip(b"=") != part.encode():
        raise refused("it is no JWT")
    return found


def read_object(data: bytes) -> dict[str, Any]:
    """A JSON object whose members occur once each, at any depth."""
    try:
        found = json.loads(data.decode("utf-8"), object_pairs_hook=without_repeats)
    except (ValueError, RecursionError) as error:
        raise refused("it holds no JSON") from error
    if not isinstance(found, dict):
        raise refused("it holds no JSON object")
    return found


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members; ApiError when one occurs twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise refused("it repeats a claim")
    return found


def check_signature(token: str, algorithm: str, key: Any) -> None:  # noqa: ANN401 (cryptography's key types)
    """Refuse a token that this key did not sign."""
    try:
        signatures.decode(token, key, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError) as error:
        raise refused("its signature does not fit") from error


def principal_of(claims: dict[str, Any], issuer: str, now: float) -> Principal:
    """The principal that the claims of a signed token describe, if the claims are valid at `now`."""
    for name in REQUIRED:
        if name not in claims:
            raise refused(f"it lacks {name}")
    if claims["aud"] != AUDIENCE:
        raise refused(f"its aud is not {AUDIENCE}")
    if claims["iss"] != issuer:
        raise refused("its iss is not the issuer of this exchange")
    check_times(claims, now)
    return Principal(
        account=account_in(claims["account"]),
        accounts=accounts_in(claims.get("accounts", [])),
        scope=scope_in(claims.get("scope", "")),
        subject=name_in(claims["sub"], "sub"),
        expires=claims["exp"],
        token_id=name_in(claims["jti"], "jti") if "jti" in claims else "",
    )


def check_times(claims: dict[str, Any], now: float) -> None:
    """Refuse times that are not whole seconds, and a token that is not valid yet, lives too long, or has expired."""
    for name in TIMES:
        found = claims.get(name, 0)
        if type(found) is not int or not 0 <= found <= TIME_MAX:
            raise refused(f"its {name} is no time in whole seconds")
    if max(claims.get("nbf", 0), claims.get("iat", 0)) > now + LEEWAY_SECONDS:
        raise refused("its time has not come yet")
    if claims["exp"] <= now:
        raise ApiError("token_expired")
    # Without iat the remaining life counts, which is the least that the token can have.
    if claims["exp"] - claims.get("iat", now) > LIFETIME_SECONDS_MAX:
        raise refused("it is valid for more than 24 hours")


def account_in(claim: object) -> str:
    """An account's name."""
    if not isinstance(claim, str) or is_account(claim) is None:
        raise refused("its account is not 1 to 32 of A-Z a-z 0-9 _ -")
    return claim


def accounts_in(claim: object) -> frozenset[str]:
    """The other accounts: a list of names, or "*"."""
    if claim == ANY_ACCOUNT:
        return frozenset((ANY_ACCOUNT,))
    if not isinstance(claim, list):
        raise refused('its accounts are neither a list nor "*"')
    return frozenset(account_in(each) for each in claim)


def scope_in(claim: object) -> frozenset[str]:
    """The scopes that the gateway knows; an identity provider may add its own."""
    if not isinstance(claim, str) or is_scope(claim) is None:
        raise refused("its scope is no list of words separated by single spaces")
    return frozenset(claim.split(" ")).intersection(SCOPES)


def name_in(claim: object, name: str) -> str:
    """A text that may be logged and shown: printable, of bounded length."""
    if not isinstance(claim, str) or not 1 <= len(claim) <= NAME_CHARACTERS_MAX or not claim.isprintable():
        raise refused(f"its {name} is not 1 to {NAME_CHARACTERS_MAX} printable characters")
    return claim


def refused(reason: str) -> ApiError:
    """The refusal of an invalid token, never with any part of it."""
    return ApiError("unauthenticated", f"the token is not valid: {reason}")


def mint(
    secret: bytes,
    issuer: str,
    account: str,
    scope: str,
    ttl_seconds: int,
    accounts: Sequence[str] | str = (),
    subject: str = "",
    now: float | None = None,
) -> str:
    """A token for a local exchange, signed with its secret. ValueError for a token that no gateway would accept.

    accounts: others to act for, or "*". subject: the principal, the account itself if empty.
    """
    issued = int(time.time() if now is None else now)
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": subject or account,
        "exp": issued + ttl_seconds,
        "nbf": issued,
        "iat": issued,
        "jti": uuid.uuid4().hex,
        "account": account,
        "scope": scope,
    }
    if accounts:
        claims["accounts"] = accounts if isinstance(accounts, str) else list(accounts)
    try:
        principal = principal_of(claims, issuer, issued)
    except ApiError as error:
        raise ValueError(error.message) from error
    if unknown := set(scope.split()) - principal.scope:
        raise ValueError(f"no such scope: {' '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")
    token = jwt.encode(claims, secret, algorithm="HS256")
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise ValueError(f"the token would be longer than {TOKEN_CHARACTERS_MAX} characters")
    return token
