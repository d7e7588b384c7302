"""Wide numbers on the wire, integers beyond 64 bits: msgpack has none, so they are its extension NUMBER.

Amounts of money may need them: a price and a quantity have 63 bits each, so a fee may have 124. A number that fits into
64 bits is always msgpack's own integer, so each number has one form, and values without wide numbers cost nothing more.
An extension has the number's two's complement, big end first, in as few bytes as possible.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.msgpack import Ext

NUMBER: Final = 1
BYTES_MAX: Final = 32
"""Bytes of our longest number."""

LOWEST: Final = -(2**63)
HIGHEST: Final = 2**64 - 1
"""The range of msgpack's own integers."""

WideNumber = int | Ext
"""Type of a field that may be a wide number, for msgspec."""

_encode: Final = msgspec.msgpack.Encoder().encode


def encode(value: object) -> bytes:
    """A value as msgpack, wide numbers included."""
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
    """The extension for a wide number."""
    return Ext(NUMBER, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def number_of(code: int, data: bytes | bytearray | memoryview) -> int:
    """The number of an extension; msgspec.ValidationError if it is none."""
    number = int.from_bytes(data, "big", signed=True)
    if code != NUMBER or len(data) > BYTES_MAX or extension_of(number).data != bytes(data) or is_narrow(number):
        raise msgspec.ValidationError(f"extension {code} of {len(data)} bytes is no wide number")
    return number


def is_narrow(number: int) -> bool:
    """Whether a number fits into msgpack's own integers."""
    return LOWEST <= number <= HIGHEST


def unpacked(value: Any) -> Any:  # noqa: ANN401
    """A field's value with each extension in it, or in a list of pairs, decoded."""
    if isinstance(value, Ext):
        return number_of(value.code, bytes(value.data))
    if isinstance(value, list):
        return [(first, unpacked(second)) for first, second in value]
    return value
