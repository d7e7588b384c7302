"""Headers of NATS messages, as bytes: made, and read without parsing the whole block.

In place of a message the server sends a status: 100 heartbeat, 204 end of answer, 404 none, 408 and 409 end of a pull,
503 no responders.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HEARTBEAT: Final = 100
END_OF_ANSWER: Final = 204
NO_MESSAGES: Final = 404
PULL_EXPIRED: Final = 408
NO_RESPONDERS: Final = 503

_VERSION: Final = b"NATS/1.0"


def header_block(lines: Mapping[str, str]) -> bytes:
    """The header block of a message. Names and values are our own, so nothing in them is escaped."""
    named = b"".join(b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in lines.items())
    return _VERSION + b"\r\n" + named + b"\r\n"


def status_of(headers: bytes) -> int:
    """The status that came in place of a message, or 0."""
    if not headers.startswith(_VERSION + b" "):
        return 0
    digits = headers[len(_VERSION) + 1 : len(_VERSION) + 4]
    return int(digits) if digits.isdigit() else 0


def header_value(headers: bytes, name: str) -> str:
    """The value of a header, "" if there is none."""
    _, found, rest = headers.partition(b"\r\n" + name.encode() + b":")
    return rest.partition(b"\r\n")[0].strip().decode() if found else ""
