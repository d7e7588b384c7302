"""WebSocket frames (RFC 6455) without a socket: bytes in, messages out, and the frames that a server sends.

Our own reader (decision 11), because the limits of docs/protocol.md, "Limits", distinguish a fragmented message from a
whole one, and because RFC 6455 5.1 (a client's frames are masked) has to hold. No extension is ever negotiated.

A message above `message_bytes_max` is reported as LARGE and its content skipped; a message above `skipped_bytes_max`,
and fragments that add up to more than `message_bytes_max`, are an offence with 1009. After an offence the reader ends.
"""

from __future__ import annotations

from struct import Struct
from typing import Final, NamedTuple

from gateway.errors import Offence

try:
    from websockets.speedups import apply_mask
except ImportError:  # where websockets has no compiled routine
    from websockets.utils import apply_mask

GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
NOT_TEXT: Final = 1007
POLICY: Final = 1008
TOO_LARGE: Final = 1009
INTERNAL: Final = 1011

CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10
LARGE: Final = 16
"""The opcode, instead of TEXT or BINARY, of a message whose content was skipped."""

OFFENCE: Final = 17
"""The opcode of the last message: the client broke the protocol or a bound; close with `code`, `payload` says why."""

_KNOWN: Final = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_CLOSE_CODES: Final = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})
_short = Struct("!H")
_long = Struct("!Q")
_short_head = Struct("!BBH")
_long_head = Struct("!BBQ")


class Message(NamedTuple):
    """A whole message or control frame; TEXT is UTF-8, `code` is that of a CLOSE (1005 without one) or an OFFENCE."""

    kind: int
    payload: bytes
    code: int = 0


def frame_of(payload: bytes, opcode: int = TEXT) -> bytes:
    """One whole server frame: final, unmasked."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, length)) + payload
    if length < 65_536:
        return _short_head.pack(0x80 | opcode, 126, length) + payload
    return _long_head.pack(0x80 | opcode, 127, length) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """A close frame; its reason is cut to the 123 bytes that a control frame has room for."""
    return frame_of(_short.pack(code) + reason.encode()[:123], CLOSE)


class FrameReader:
    """The reader of a client's bytes, in any pieces."""

    def __init__(self, message_bytes_max: int, skipped_bytes_max: int) -> None:
        self._message_bytes_max = message_bytes_max
        self._skipped_bytes_max = skipped_bytes_max
        self._rest = bytearray()
        self._rest_wanted = 0
        self._to_skip = 0
        self._parts: list[bytes] = []
        self._parts_kind = CONTINUATION
        self._parts_bytes = 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now; an offence is the last of them."""
        messages: list[Message] = []
        if self._rest:
            # Pieces are joined once, when they suffice for the next step: a client may send single bytes.
            self._rest.extend(data)
            if len(self._rest) < self._rest_wanted:
                return messages
            data = bytes(self._rest)
            self._rest = bytearray()
        try:
            self._read(data, messages)
        except Offence as offence:
            messages.append(Message(OFFENCE, offence.reason.encode(), offence.code))
        return messages

    def _read(self, buffer: bytes, messages: list[Message]) -> None:
        at = 0
        while True:
            if self._to_skip:
                skipped = min(self._to_skip, len(buffer) - at)
                self._to_skip -= skipped
                at += skipped
            header = self._header(buffer, at)
            if header is None:
                self._keep(buffer[at:], len(buffer) - at + 1)
                break
            start, length, opcode, final = header
            if length > self._message_bytes_max:
                messages.append(Message(LARGE, b""))
                self._to_skip = length
                at = start
                continue
            end = start + length
            if end > len(buffer):
                self._keep(buffer[at:], end - at)
                break
            payload = apply_mask(buffer[start:end], buffer[start - 4 : start])
            message = self._message(opcode, final=final, payload=payload)
            if message is not None:
                messages.append(message)
            at = end

    def _keep(self, rest: bytes, wanted: int) -> None:
        """Keep an incomplete frame until there are `wanted` bytes, the fewest that allow reading on."""
        self._rest = bytearray(rest)
        self._rest_wanted = wanted

    def _header(self, buffer: bytes, at: int) -> tuple[int, int, int, bool] | None:
        """Where the payload starts, its length, opcode and whether it is final; None until the header is complete."""
        if len(buffer) - at < 2:
            return None
        first, second = buffer[at], buffer[at + 1]
        final, opcode, length = first >= 0x80, first & 0x0F, second & 0x7F
        self._check(first, second, opcode, length, final=final)
        start = at + 6
        if length == 126:
            start += 2
            if len(buffer) < at + 4:
                return None
            (length,) = _short.unpack_from(buffer, at + 2)
            _check_minimal(length, 126)
        elif length == 127:
            start += 8
            if len(buffer) < at + 10:
                return None
            (length,) = _long.unpack_from(buffer, at + 2)
            _check_minimal(length, 65_536)
        self._check_size(opcode, length, final=final)
        return None if len(buffer) < start else (start, length, opcode, final)

    def _check(self, first: int, second: int, opcode: int, length: int, *, final: bool) -> None:
        if first & 0x70:
            raise Offence(PROTOCOL_ERROR, "reserved bits are set")
        if opcode not in _KNOWN:
            raise Offence(PROTOCOL_ERROR, "unknown opcode")
        if second < 0x80:
            raise Offence(PROTOCOL_ERROR, "client frames must be masked")
        if opcode >= CLOSE:
            if not final or length > 125:
                raise Offence(PROTOCOL_ERROR, "a control frame is whole and at most 125 bytes")
        elif (opcode == CONTINUATION) != bool(self._parts_kind):
            raise Offence(PROTOCOL_ERROR, "fragments out of order")

    def _check_size(self, opcode: int, length: int, *, final: bool) -> None:
        if length > self._skipped_bytes_max:
            raise Offence(TOO_LARGE, "the message is too large")
        fragment = opcode == CONTINUATION or not final
        if fragment and self._parts_bytes + length > self._message_bytes_max:
            raise Offence(TOO_LARGE, "the fragments add up to too much")

    def _message(self, opcode: int, *, final: bool, payload: bytes) -> Message | None:
        if opcode == CLOSE:
            return _closing(payload)
        if opcode in (PING, PONG):
            return Message(opcode, payload)
        if final and opcode != CONTINUATION:
            return _whole(opcode, payload)
        if opcode != CONTINUATION:
            self._parts_kind = opcode
        # An empty fragment counts one byte, or a client could queue fragments without end.
        self._parts_bytes += max(len(payload), 1)
        self._parts.append(payload)
        if not final:
            return None
        kind, whole = self._parts_kind, b"".join(self._parts)
        self._parts, self._parts_kind, self._parts_bytes = [], CONTINUATION, 0
        return _whole(kind, whole)


def _whole(kind: int, payload: bytes) -> Message:
    if kind == TEXT and not payload.isascii():
        _check_text(payload)
    return Message(kind, payload)


def _closing(payload: bytes) -> Message:
    if not payload:
        return Message(CLOSE, b"", 1005)
    if len(payload) == 1:
        raise Offence(PROTOCOL_ERROR, "a close code has two bytes")
    (code,) = _short.unpack_from(payload)
    if not (code in _CLOSE_CODES or 3000 <= code <= 4999):
        raise Offence(PROTOCOL_ERROR, "no such close code")
    _check_text(payload[2:])
    return Message(CLOSE, payload[2:], code)


def _check_text(payload: bytes) -> None:
    try:
        payload.decode()
    except UnicodeDecodeError as error:
        raise Offence(NOT_TEXT, "text must be UTF-8") from error


def _check_minimal(length: int, least: int) -> None:
    if length < least:
        raise Offence(PROTOCOL_ERROR, "a length is written in as few bytes as it needs")
