"""Tokens good and bad, signed by an issuer of the test's own."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

SECRET = b"a secret of the tests, 32 bytes or more"
ISSUER = "https://issuer.example"
NOW = 1_800_000_000

ED25519 = ed25519.Ed25519PrivateKey.generate()
P256 = ec.generate_private_key(ec.SECP256R1())
P384 = ec.generate_private_key(ec.SECP384R1())
RSA_2048 = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
RSA_1024 = rsa.generate_private_key(public_exponent=65_537, key_size=1_024)  # noqa: S505 (to be refused)


def claims(**changed: Any) -> dict[str, Any]:
    """Claims that are in order at NOW, with some changed; a change to None leaves the claim out."""
    found = {
        "iss": ISSUER,
        "aud": "openbell",
        "sub": "somebody",
        "exp": NOW + 3_600,
        "iat": NOW,
        "account": "alice",
        "scope": "read trade",
    }
    return {name: value for name, value in (found | changed).items() if value is not None}


def part(value: Any) -> str:
    """One part of a token: JSON, or the text given, in base64url."""
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def signed(payload: Any, header: Any = None, key: Any = SECRET, algorithm: str = "HS256") -> str:
    """A token with any header and payload, even impossible ones, and a signature that fits."""
    text = f"{part({'alg': algorithm, 'typ': 'JWT'} if header is None else header)}.{part(payload)}"
    method = jwt.get_algorithm_by_name(algorithm)
    signature = method.sign(text.encode(), method.prepare_key(key))
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def signed_by(kid: str, key: Any, algorithm: str, **changed: Any) -> str:
    """A token in order, signed by the key of a set."""
    return signed(claims(**changed), {"alg": algorithm, "kid": kid}, key, algorithm)


def public(kid: str, key: Any, /, **changed: Any) -> dict[str, Any]:
    """The row of a JSON Web Key Set for a private key; a change to None leaves the member out."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        row = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        row = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        row = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    row.pop("key_ops", None)
    return {name: value for name, value in ({**row, "kid": kid, "use": "sig"} | changed).items() if value is not None}
