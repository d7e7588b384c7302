"""Decimals as clients and operators write them: a string or a JSON number, read exactly.

Rules: docs/protocol.md, "Common". Never through a float, so a number is read from its raw JSON text.
Units: the result counts units of 10⁻⁸. An order's value above the largest allowed becomes ±LARGEST and is refused by
the exchange's own limits; an operator's value is never cut (`exact_units_of`). Numbers that the exchange has printed
are read by `exchange.units.from_text`: a sum may be larger than any order.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import msgspec

from exchange.units import DECIMALS, LARGEST, UNIT

CHARACTERS_MAX: Final = 40
REMEMBERED_MAX: Final = 8_192
"""Texts whose values are cached: prices and quantities repeat; the least recently used text is evicted."""

_RAW_MAX: Final = CHARACTERS_MAX * 6 + 2
"""A text of 40 characters, each written as an escape, with its quotes."""

_form = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?").fullmatch


def units_of(raw: bytes) -> int:
    """The value of a raw JSON string or number; ValueError if it is no decimal."""
    if len(raw) > _RAW_MAX:
        raise ValueError("more than 40 characters")
    return _units_of(raw)


@lru_cache(maxsize=REMEMBERED_MAX)
def _units_of(raw: bytes) -> int:
    return max(-LARGEST, min(exact_units_of(raw), LARGEST))


def exact_units_of(raw: bytes) -> int:
    """Like `units_of`, and never cut: up to 40 digits."""
    if len(raw) > _RAW_MAX:
        raise ValueError("more than 40 characters")
    text = _text_of(raw)
    if len(text) > CHARACTERS_MAX or _form(text) is None:
        raise ValueError("not a plain decimal")
    sign = -1 if text[:1] == b"-" else 1
    whole, _, fraction = text.lstrip(b"-").partition(b".")
    fraction = fraction.rstrip(b"0")
    if len(fraction) > DECIMALS:
        raise ValueError("more than 8 decimals")
    return sign * (int(whole) * UNIT + int(fraction.ljust(DECIMALS, b"0")))


def _text_of(raw: bytes) -> bytes:
    if raw[:1] != b'"':
        return raw
    if b"\\" in raw:
        return msgspec.json.decode(raw, type=str).encode()
    return raw[1:-1]
