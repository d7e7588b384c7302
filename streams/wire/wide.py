"""Whole numbers beyond 64 bits on the wire: msgpack has none, so they travel as its extension NUMBER.

Amounts of money may need them: a price and a quantity have 63 bits each, so a fee may have 124. A number that fits
into 64 bits always travels as msgpack's own, so there is one form of each, and what never meets a wide one pays
nothing for it. An extension holds the number's two's complement, big end first, in as few bytes as will do.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.msgpack import Ext

NUMBER: Final = 1
BYTES_MAX: Final = 32
"""No number of ours is longer."""

LOWEST: Final = -(2**63)
HIGHEST: Final = 2**64 - 1
"""What msgpack's own whole numbers reach from and to."""

WideNumber = int | Ext
"""The form of a field that may hold a wide number, for msgspec."""

_encode: Final = msgspec.msgpack.Encoder().encode


def encode(value: object) -> bytes:
    """A value as msgpack, wide numbers and all."""
    try:
        return _encode(value)
    except OverflowError:
        return _encode(packed(value))


def packed(value: Any) -> Any:  # noqa: ANN401
    """The value with an extension in place of each wide number in it."""
    if isinstance(value, int):
        return value if is_narrow(value) else extension_of(value)
    if isinstance(value, dict):
        return {packed(key): packed(item) for key, item in value.items()}
    return [packed(item) for item in value] if isinstance(value, list | tuple) else value


def extension_of(number: int) -> Ext:
    """How a wide number travels."""
    return Ext(NUMBER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def number_of(code: int, data: bytes | bytearray | memoryview) -> int:
    """The number that an extension stands for; msgspec.ValidationError if it stands for none."""
    number = int.from_bytes(data, "big", signed=True)
    if code != NUMBER or len(data) > BYTES_MAX or extension_of(number).data != bytes(data) or is_narrow(number):
        raise msgspec.ValidationError(f"extension {code} of {len(data)} bytes is no wide number")
    return number


def is_narrow(number: int) -> bool:
    """Whether a number fits into msgpack's own."""
    return LOWEST <= number <= HIGHEST


def unpacked(value: Any) -> Any:  # noqa: ANN401
    """A field's value with each extension in it, or in a list of pairs, read."""
    if isinstance(value, Ext):
        return number_of(value.code, bytes(value.data))
    if isinstance(value, list):
        return [(first, unpacked(second)) for first, second in value]
    return value
