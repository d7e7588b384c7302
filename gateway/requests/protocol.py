"""Protocol: request frames decoded and answer frames rendered, without a socket.

Rules: decoding is strict (docs/protocol.md, "Common" and "WebSocket"): an unknown, missing, repeated or wrongly typed
member is refused, with the member's name in the answer. `null` counts as left out where a type says so. Reading
is linear in the bytes read, whatever is in them (decision 130).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, Final, NoReturn, TypeVar

import msgspec
import orjson
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import astuple

from gateway.errors import ApiError, BadRequest, Malformed

Params = TypeVar("Params")

NO_PARAMS: Final = b"{}"

UNREAD: Final[dict[str, Any]] = {"parse_int": str, "parse_float": str}
"""Numbers stay texts where only the names of members matter: converting many digits is not linear."""

_member = re.compile(r"\.([^`.\[]+)").match
_integer = re.compile(rb"-?[0-9]+").fullmatch


class Request(Struct, frozen=True, gc=False):
    """A request as it came. `id` and `params` are JSON; `colons` counts the members of params, nested ones too."""

    id: bytes
    method: str
    params: bytes
    colons: int
    frame: bytes


class _RequestFrame(Struct, forbid_unknown_fields=True, gc=False):
    id: Raw
    method: str
    params: Raw | UnsetType = UNSET


class _OnlyId(Struct, gc=False):
    id: Raw | UnsetType = UNSET


_frame = msgspec.json.Decoder(_RequestFrame)
_only_id = msgspec.json.Decoder(_OnlyId)


def request_of(frame: bytes) -> Request:
    """Read a frame; Malformed or BadRequest if the frame is no request."""
    try:
        decoded = _frame.decode(frame)
        identity = id_of(bytes(decoded.id))
    except (ValueError, RecursionError, ApiError) as error:
        _refuse_frame(frame, error)
    if decoded.params is UNSET:
        return Request(identity, decoded.method, NO_PARAMS, colons_of(frame) - 2, frame)
    params = bytes(decoded.params)
    if params[:1] == b"n":
        params = NO_PARAMS
    return Request(identity, decoded.method, params, colons_of(frame) - 3, frame)


def params_of(request: Request, decoder: msgspec.json.Decoder[Params]) -> Params:
    """Decode a request's params as the decoder's Struct; ApiError names the member at fault."""
    params = decoded(decoder, request.params, "params")
    if members_of(params) != request.colons:
        refuse_repeated(request.frame)
    return params


def body_of(body: bytes, decoder: msgspec.json.Decoder[Params]) -> Params:
    """Decode the body of an HTTP request by the same rules."""
    try:
        if not body.isascii():
            _check_utf8(body)
        params = decoded(decoder, body)
        if members_of(params) != colons_of(body):
            refuse_repeated(body)
    except Malformed as error:
        raise Malformed("the body must be one JSON object, in UTF-8") from error
    return params


def query_of(query: list[tuple[str, str]], kind: type[Params]) -> Params:
    """Decode the query of a URL by the same rules; numbers are texts in a query."""
    try:
        return msgspec.convert(_without_repetition(query), kind, strict=False)
    except msgspec.ValidationError as error:
        raise explained(error) from error


def decoded(decoder: msgspec.json.Decoder[Params], raw: bytes | Raw, name: str = "") -> Params:
    """Decode one JSON object, the member `name` of its parent, without checking for repeated members."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise explained(error, name) from error
    except (ValueError, RecursionError) as error:
        raise Malformed from error


def colons_of(frame: bytes) -> int:
    """The number of members in a JSON text's objects; -1 if counting needs a full parse."""
    if b"\\" in frame:
        return -1
    # Without escapes each quote begins or ends a string, so every second piece lies outside strings.
    return b"".join(frame.split(b'"')[::2]).count(b":")


def members_of(params: object) -> int:
    """The number of members that a decoded Struct was given."""
    values = astuple(params)  # type: ignore[arg-type]  # a Struct: whatever else it were would raise
    return len(values) - values.count(UNSET)


def refuse_repeated(text: bytes) -> None:
    """The slow check: ApiError if any object in the text has a member twice."""
    try:
        json.loads(text, object_pairs_hook=_without_repetition, **UNREAD, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Malformed from error


def repetition(name: str) -> ApiError:
    """The refusal of a member that comes twice."""
    return ApiError("bad_request", "give each member once", name)


def explained(error: msgspec.ValidationError, name: str = "") -> ApiError:
    """A decoder's error as a refusal of the client; `name` is the member that was decoded."""
    sentence, _, place = str(error).partition(" - at `$")
    if sentence.startswith("Object contains unknown field"):
        return ApiError("unknown_field", field=_quoted(sentence))
    if sentence.startswith("Object missing required field"):
        return ApiError("bad_request", f"{_quoted(sentence)} is missing", _quoted(sentence))
    found = _member(place)
    sentence = sentence.replace("`", "")
    return ApiError("bad_request", sentence[:1].lower() + sentence[1:], (found and found[1]) or name)


def result_frame(identity: bytes, body: bytes, journal: bytes = b"") -> bytes:
    """A success: `body` is the result as JSON."""
    if not journal:
        return b'{"id":%b,"result":%b}' % (identity, body)
    return b'{"id":%b,"journal":"%b","result":%b}' % (identity, journal, body)


def error_frame(identity: bytes, body: bytes, journal: bytes = b"") -> bytes:
    """A refusal: `body` is the error as JSON. The id is empty if the frame could not be read."""
    if not identity:
        return b'{"error":%b}' % body
    if not journal:
        return b'{"id":%b,"error":%b}' % (identity, body)
    return b'{"id":%b,"journal":"%b","error":%b}' % (identity, journal, body)


def error_json(error: ApiError, request_id: str) -> bytes:
    """An error as JSON."""
    return orjson.dumps(error.body(request_id))


def with_request_id(body: bytes, request_id: str) -> bytes:
    """The exchange's error object with the request's id added."""
    return b'%b,"request_id":"%b"}' % (body[:-1], request_id.encode())


def _quoted(sentence: str) -> str:
    return sentence[sentence.index("`") + 1 : -1]


def id_of(raw: bytes) -> bytes:
    """The id to echo, byte for byte: an integer of any size, or a string."""
    if _integer(raw) is not None:
        return raw
    if raw[:1] != b'"':
        raise ApiError("bad_request", "id must be a string or an integer", "id")
    # A string with escapes is decoded and encoded again, so that the answer is valid JSON whatever the escapes were.
    return orjson.dumps(msgspec.json.decode(raw)) if b"\\" in raw else raw


def _refuse_frame(frame: bytes, error: Exception) -> NoReturn:
    if isinstance(error, msgspec.ValidationError):
        error = explained(error)
    try:
        refuse_repeated(frame)
    except Malformed:
        raise
    except ApiError as repeated:
        error = repeated
    if not isinstance(error, ApiError):
        raise Malformed from error
    if not error.field:
        raise Malformed
    raise BadRequest(error, _id_found(frame)) from error


def _id_found(frame: bytes) -> bytes:
    try:
        found = _only_id.decode(frame).id
        return b"" if found is UNSET else id_of(bytes(found))
    except (ValueError, RecursionError, ApiError):
        return b""


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Malformed from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise repetition(next(name for name in found if counts[name] > 1))
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
