"""Tokens of a local exchange, signed with the secret in its data directory: `openbell token`.

The exchange checks nothing: a user who can read the secret may act as anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.identity.tokens import LIFETIME_SECONDS_MAX, SCOPES, mint
from openbell.errors import WRONG_USE, Fault

if TYPE_CHECKING:
    from openbell.local.data_dir import DataDir

ISSUER: Final = "openbell-local"
"""The issuer that gateways expect unless told otherwise (OPENBELL_JWT_ISSUER)."""

OPERATOR: Final = "operator"
"""The account of the command line's own short-lived tokens."""

OWN_TOKEN_SECONDS: Final = 60


def token_for(data_dir: DataDir, account: str, scope: str, seconds: int, accounts: str = "") -> str:
    """A token; `accounts` are others it may act for, separated by commas, or "*"."""
    if seconds > LIFETIME_SECONDS_MAX:
        raise Fault(
            f"a token lasts at most {LIFETIME_SECONDS_MAX // 3_600} hours", "Choose a shorter --ttl.", code=WRONG_USE
        )
    others = accounts if accounts == "*" else [part.strip() for part in accounts.split(",") if part.strip()]
    _check_scope(scope)
    secret = data_dir.secret()
    try:
        return mint(secret, ISSUER, account, " ".join(scope.split()), seconds, others)
    except ValueError as error:
        raise Fault(
            str(error), "Accounts are 1 to 32 letters, digits, _ and -, for example --account alice.", code=WRONG_USE
        ) from error


def own_admin_token(data_dir: DataDir) -> str:
    """A short-lived token with which this process acts once as the operator."""
    return token_for(data_dir, OPERATOR, "read admin", OWN_TOKEN_SECONDS)


def _check_scope(scope: str) -> None:
    words = scope.split()
    unknown = [word for word in words if word not in SCOPES]
    if not words or unknown:
        raise Fault(
            f"--scope {scope!r} is not understood",
            f"Name one or more of {', '.join(SCOPES)}, for example --scope 'read trade'.",
            code=WRONG_USE,
        )
