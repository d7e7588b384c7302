"""Codec of the messages between our own processes: msgpack arrays, each opening with the version of its form.

Decoding is strict: bytes that are not exactly such a message are `Undecodable`. Bodies are JSON, carried as bytes and
not parsed. Units: as in `exchange.units`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from exchange.commands import Command
from exchange.events import Event
from streams.errors import Undecodable
from streams.wire import wide
from streams.wire.fast_forms import pack_again, pack_events, unpack_commands
from streams.wire.forms import COMMANDS, EVENTS, CommandForm, EventForm

VERSION: Final = 1

COMMANDS_MAX: Final = 500
"""Commands in one journal message; a longer one is undecodable."""

BATCH_BYTES_MAX: Final = 256 * 1024
"""Size of one journal message; the writer puts commands that do not fit into the next."""

Count = Annotated[int, Meta(ge=0)]
Body = tuple[str, bytes]
"""A code, "" for success, and the JSON of the result or the error."""

Decoded = TypeVar("Decoded")


class CommandBatch(NamedTuple):
    """Journal message: commands of `origin`, its message `number` for this partition."""

    origin: str
    number: int
    commands: list[Command]


class Facts(NamedTuple):
    """Message of EVENTS: the events of each command of the journal message with the same sequence, at journal time.

    answered_at: journal time of a late answer, 0 for one in time (streams/leadership/resumption.py).
    """

    at: int
    chain: bytes
    events: list[list[Event]]
    answered_at: int = 0


class Sealed(NamedTuple):
    """Message of EVENTS with its events still encoded by `encode_events`; `answered_at` as in Facts."""

    at: int
    chain: bytes
    events: bytes
    answered_at: int = 0


class Results(NamedTuple):
    """Results: the answers to the commands of one journal message, for its sender."""

    partition: int
    number: int
    sequence: int
    at: int
    bodies: list[Body]


class Reports(NamedTuple):
    """Execution reports of one account: (seq, JSON) each."""

    partition: int
    reports: list[tuple[int, bytes]]


class Query(NamedTuple):
    """Query to the leader of a partition; `arguments` are undecoded msgpack."""

    kind: str
    arguments: bytes


class BatchForm(Struct, array_like=True, forbid_unknown_fields=True):
    """Batch on the wire."""

    version: Literal[1]
    origin: Annotated[str, Meta(pattern=r"^[a-z0-9]{1,24}\Z")]
    number: Count
    commands: Annotated[list[CommandForm], Meta(max_length=COMMANDS_MAX)]


class FactsForm(Struct, array_like=True, forbid_unknown_fields=True):
    """Facts on the wire."""

    version: Literal[1]
    at: int
    chain: Annotated[bytes, Meta(min_length=16, max_length=16)]
    events: list[list[EventForm]]
    answered_at: int = 0


class SealedForm(Struct, array_like=True, forbid_unknown_fields=True):
    """Facts on the wire, their events left encoded."""

    version: Literal[1]
    at: int
    chain: Annotated[bytes, Meta(min_length=16, max_length=16)]
    events: Raw
    answered_at: int = 0


class ResultsForm(Struct, array_like=True, forbid_unknown_fields=True):
    """Results on the wire."""

    version: Literal[1]
    partition: Count
    number: Count
    sequence: Count
    at: int
    bodies: list[Body]


class ReportsForm(Struct, array_like=True, forbid_unknown_fields=True):
    """Reports on the wire."""

    version: Literal[1]
    partition: Count
    reports: list[tuple[int, bytes]]


class QueryForm(Struct, array_like=True, forbid_unknown_fields=True):
    """Query on the wire."""

    version: Literal[1]
    kind: str
    arguments: Raw


class AnswerForm(Struct, array_like=True, forbid_unknown_fields=True):
    """An answer on the wire."""

    version: Literal[1]
    code: str
    body: bytes


batch_decoder: Final = msgspec.msgpack.Decoder(BatchForm)
facts_decoder: Final = msgspec.msgpack.Decoder(FactsForm)
sealed_decoder: Final = msgspec.msgpack.Decoder(SealedForm)
results_decoder: Final = msgspec.msgpack.Decoder(ResultsForm)
reports_decoder: Final = msgspec.msgpack.Decoder(ReportsForm)
query_decoder: Final = msgspec.msgpack.Decoder(QueryForm)
answer_decoder: Final = msgspec.msgpack.Decoder(AnswerForm)
encode: Final = wide.encode
encode_narrow: Final = msgspec.msgpack.Encoder().encode
"""Encoder of values without wide numbers, placements above all: a call less for each."""


def decode(decoder: msgspec.msgpack.Decoder[Decoded], data: bytes) -> Decoded:
    """Read one message; Undecodable if it is not exactly of the decoder's form."""
    try:
        return decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Undecodable(str(error)) from error


def encode_command(command: Command) -> bytes:
    """Encode one command, or its form (streams/wire/command_forms.py), for a batch, which grows by its length."""
    return encode_narrow(command) if isinstance(command, Struct) else encode(COMMANDS.pack(command))


def encode_batch(origin: str, number: int, encoded: Iterable[bytes]) -> bytes:
    """Encode a journal message of commands that `encode_command` made."""
    return encode((VERSION, origin, number, [Raw(command) for command in encoded]))


def decode_batch(data: bytes) -> CommandBatch:
    """Read a journal message."""
    form = decode(batch_decoder, data)
    try:
        commands = unpack_commands(form.commands)
    except msgspec.ValidationError as error:
        raise Undecodable(str(error)) from error
    return CommandBatch(form.origin, form.number, commands)


def encode_events(events: list[list[Event]], *, complete: bool = True) -> bytes:
    """Encode the events of each command, the part of a message of EVENTS that the chain covers.

    complete: in the form from version 4 of the semantics on (`COMPLETE_EVENTS`).
    """
    return encode(pack_events(events, complete=complete))


def encode_again(events: list[list[Event]]) -> bytes:
    """Encode decoded events: the same bytes that they were decoded from, of whichever version."""
    return encode(pack_again(events))


def encode_facts(at: int, chain: bytes, encoded_events: bytes, answered_at: int = 0) -> bytes:
    """A message of EVENTS."""
    if answered_at:
        return encode((VERSION, at, chain, Raw(encoded_events), answered_at))
    return encode((VERSION, at, chain, Raw(encoded_events)))


def decode_facts(data: bytes) -> Facts:
    """Read a message of EVENTS."""
    form = decode(facts_decoder, data)
    try:
        events = [[EVENTS.unpack(event) for event in of_command] for of_command in form.events]
    except msgspec.ValidationError as error:
        raise Undecodable(str(error)) from error
    return Facts(form.at, form.chain, events, form.answered_at)


def decode_sealed(data: bytes) -> Sealed:
    """Read a message of EVENTS without decoding its events."""
    form = decode(sealed_decoder, data)
    return Sealed(form.at, form.chain, bytes(form.events), form.answered_at)


def decode_chain(data: bytes) -> bytes:
    """The chain of a message of EVENTS."""
    return decode(sealed_decoder, data).chain


def answered_at(data: bytes) -> int:
    """Journal time of a late answer in a message of EVENTS; 0 for one in time."""
    try:
        return decode(sealed_decoder, data).answered_at
    except Undecodable:
        return 0


def encode_results(results: Results) -> bytes:
    """A message on `results.<origin>`."""
    return encode((VERSION, *results))


def decode_results(data: bytes) -> Results:
    """Read a message on `results.<origin>`."""
    return Results(*msgspec.structs.astuple(decode(results_decoder, data))[1:])


def encode_reports(reports: Reports) -> bytes:
    """A message on `exec.<account>`."""
    return encode((VERSION, *reports))


def decode_reports(data: bytes) -> Reports:
    """Read a message on `exec.<account>`."""
    return Reports(*msgspec.structs.astuple(decode(reports_decoder, data))[1:])


def encode_query(kind: str, arguments: Mapping[str, Any]) -> bytes:
    """A request to `query.<p>`."""
    return encode((VERSION, kind, arguments))


def decode_query(data: bytes) -> Query:
    """Read a request to `query.<p>`."""
    form = decode(query_decoder, data)
    return Query(form.kind, bytes(form.arguments))


def encode_answer(code: str, body: bytes) -> bytes:
    """A reply to a query."""
    return encode((VERSION, code, body))


def decode_answer(data: bytes) -> Body:
    """Read a reply to a query."""
    form = decode(answer_decoder, data)
    return form.code, form.body
