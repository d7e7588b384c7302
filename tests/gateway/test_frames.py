"""The frame reader takes what RFC 6455 allows and our bounds permit, in any pieces."""

from __future__ import annotations

import random

import pytest

from gateway.frames import (
    BINARY,
    CLOSE,
    LARGE,
    NOT_TEXT,
    OFFENCE,
    PING,
    PROTOCOL_ERROR,
    TEXT,
    TOO_LARGE,
    FrameReader,
    Message,
    close_frame,
    frame_of,
)

MASKS = random.Random(11)  # noqa: S311 - a seed, so that frames in the names of tests are the same in each process


def masked(payload: bytes, opcode: int = TEXT, *, final: bool = True, bits: int = 0, form: int = 0) -> bytes:
    """A client's frame; `form` forces the length's form."""
    mask = MASKS.randbytes(4)
    length = len(payload)
    form = form or (length if length < 126 else 126 if length < 65_536 else 127)
    extended = length.to_bytes({126: 2, 127: 8}.get(form, 0), "big") if form >= 126 else b""
    body = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes([(0x80 if final else 0) | bits | opcode, 0x80 | form]) + extended + mask + body


def reader() -> FrameReader:
    return FrameReader(65_536, 1_048_576)


def test_whole_messages_are_told_in_order() -> None:
    """Text, binary, ping and close come out as they went in."""
    data = masked(b"one") + masked(b"\x00\xff", BINARY) + masked(b"p", PING) + masked(b"\x03\xe8bye", CLOSE)
    assert reader().feed(data) == [
        Message(TEXT, b"one"),
        Message(BINARY, b"\x00\xff"),
        Message(PING, b"p"),
        Message(CLOSE, b"bye", 1000),
    ]


def test_pieces_do_not_matter() -> None:
    """However the bytes are cut up, the messages are the same."""
    choices = random.Random(7)  # noqa: S311 - a seed, no secret
    sizes = [0, 1, 125, 126, 127, 4_000, 65_535, 65_536, 70_000]
    data = b"".join(masked(b"x" * size) for size in sizes)
    whole = reader().feed(data)
    cut, pieces = reader(), []
    while data:
        size = choices.randint(1, 9_000)
        pieces += cut.feed(data[:size])
        data = data[size:]
    assert pieces == whole
    assert [message.kind for message in whole] == [TEXT] * 8 + [LARGE]


def test_fragments_are_joined_around_control_frames() -> None:
    """A ping between two fragments is told first and does not disturb them."""
    data = masked(b"he", final=False) + masked(b"!", PING) + masked(b"llo", 0)
    assert reader().feed(data) == [Message(PING, b"!"), Message(TEXT, b"hello")]


def test_a_large_message_is_skipped_and_the_next_one_taken() -> None:
    """Up to the fatal size a message is only told to be too large."""
    data = masked(b"x" * 100_000) + masked(b"next")
    assert reader().feed(data) == [Message(LARGE, b""), Message(TEXT, b"next")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame_of(b"not masked"), PROTOCOL_ERROR),
        (masked(b"", bits=0x40), PROTOCOL_ERROR),
        (masked(b"", 3), PROTOCOL_ERROR),
        (masked(b"", PING, final=False), PROTOCOL_ERROR),
        (masked(b"x" * 126, PING), PROTOCOL_ERROR),
        (masked(b"x", 0), PROTOCOL_ERROR),
        (masked(b"x", final=False) + masked(b"y"), PROTOCOL_ERROR),
        (masked(b"x", form=126), PROTOCOL_ERROR),
        (masked(b"x" * 200, form=127), PROTOCOL_ERROR),
        (masked(b"\x03", CLOSE), PROTOCOL_ERROR),
        (masked((1005).to_bytes(2, "big"), CLOSE), PROTOCOL_ERROR),
        (masked((999).to_bytes(2, "big"), CLOSE), PROTOCOL_ERROR),
        (masked(b"\xff"), NOT_TEXT),
        (masked(b"\x03\xe8\xff", CLOSE), NOT_TEXT),
        (masked(b"\xc3", final=False) + masked(b"(", 0), NOT_TEXT),
        (b"\x81\xff" + (1_048_577).to_bytes(8, "big"), TOO_LARGE),
        (b"\x81\xff" + b"\xff" * 8, TOO_LARGE),
        (masked(b"x" * 40_000, final=False) + masked(b"x" * 40_000, 0, final=False), TOO_LARGE),
        (masked(b"x" * 70_000, final=False), TOO_LARGE),
    ],
)
def test_an_offence_has_its_close_code(data: bytes, code: int) -> None:
    """What RFC 6455 or our bounds forbid is told with the code to close with and a reason, and nothing after it."""
    offence = reader().feed(data + masked(b"more"))[-1]
    assert (offence.kind, offence.code, offence.payload != b"") == (OFFENCE, code, True)


def test_messages_before_an_offence_are_told() -> None:
    """A good message is not lost because a bad one follows in the same bytes."""
    good, bad = reader().feed(masked(b"good") + frame_of(b"bad"))
    assert good == Message(TEXT, b"good")
    assert (bad.kind, bad.code) == (OFFENCE, PROTOCOL_ERROR)


def test_endless_empty_fragments_are_bounded() -> None:
    """Fragments without content cannot be piled up."""
    taken = reader()
    assert taken.feed(masked(b"", final=False)) == []
    assert [message.kind for message in taken.feed(masked(b"", 0, final=False) * 70_000)] == [OFFENCE]


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_server_frames_are_whole_and_unmasked(size: int) -> None:
    """What we send has the shortest header for its length."""
    frame = frame_of(b"x" * size)
    header = 2 if size < 126 else 4 if size < 65_536 else 10
    assert (frame[0], len(frame), frame[1] < 128) == (0x81, header + size, True)


def test_a_close_frame_fits_a_control_frame() -> None:
    """However long the reason, the frame stays a control frame."""
    assert len(close_frame(1008, "x" * 1_000)) == 2 + 125
