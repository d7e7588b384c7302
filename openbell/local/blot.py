"""Blot: overwrites secrets in log events, in fields, texts and tracebacks, before they are written.

Overwritten are fields named in SECRET_FIELDS at any depth, and in every text: tokens, what follows `Bearer` or the name
of a header that carries credentials, `user:password@` in a URL, and a URL's query.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger

SECRET_FIELDS: Final = ("token", "secret", "password", "authorization", "cookie", "credentials", "jwt_secret")
BLOT: Final = "[secret]"
DEPTH_MAX: Final = 5
"""A value nested deeper than this in a field is printed as a text."""

TOKEN: Final = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
BEARER: Final = re.compile(r"(\b(?:Bearer|Basic) +)(?!\[secret\])[^\s\"'\\,]+", re.IGNORECASE)
HEADER: Final = re.compile(
    r"(\b(?:proxy-)?(?:authorization|cookie|set-cookie)\b[\"']?[:=] *[\"']?)[^\r\n\"']+", re.IGNORECASE
)
USER: Final = re.compile(r"(\w://)[^\s/@]+@")
QUERY: Final = re.compile(r"(\w://[^\s?\"']+\?)[^\s\"']+")


def blot_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Overwrite the secrets of an event, whoever logged them; of structlog's own members only texts."""
    for name, value in event.items():
        if name == "exc_info" or name.startswith("_"):
            continue
        event[name] = BLOT if name.lower() in SECRET_FIELDS else blotted(value)
    return event


def blotted(value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - whatever somebody logs
    """A field's value without secrets."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, dict) and depth < DEPTH_MAX:
        return {
            name: BLOT if str(name).lower() in SECRET_FIELDS else blotted(each, depth + 1)
            for name, each in value.items()
        }
    if isinstance(value, list | tuple) and depth < DEPTH_MAX:
        return [blotted(each, depth + 1) for each in value]
    return text_without_secrets(value if isinstance(value, str) else repr(value))


def text_without_secrets(text: str) -> str:
    """A text in which secrets are overwritten."""
    text = TOKEN.sub(BLOT, text)
    text = HEADER.sub(rf"\1{BLOT}", text)
    text = BEARER.sub(rf"\1{BLOT}", text)
    return QUERY.sub(rf"\1{BLOT}", USER.sub(rf"\1{BLOT}@", text))
