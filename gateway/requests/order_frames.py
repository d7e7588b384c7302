"""Fast path for order frames: placements, amendments and cancels, decoded in one pass over their bytes.

Rule: a frame accepted here would be accepted by `gateway.requests.protocol`, with the same meaning. A wrong or unusual
frame is left to `protocol`, which decodes slowly and explains the refusal (docs/twins.md).
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from gateway.errors import ApiError
from gateway.requests.order_requests import AmendParams, NameParams, PlaceParams
from gateway.requests.protocol import colons_of, id_of, members_of

FRAME_MEMBERS: Final = 3
"""The members of a request: id, method, params."""

OrderParams = PlaceParams | AmendParams | NameParams


class _Place(Struct, tag_field="method", tag="order.place", forbid_unknown_fields=True, gc=False):
    id: Raw
    params: PlaceParams


class _Amend(Struct, tag_field="method", tag="order.amend", forbid_unknown_fields=True, gc=False):
    id: Raw
    params: AmendParams


class _Cancel(Struct, tag_field="method", tag="order.cancel", forbid_unknown_fields=True, gc=False):
    id: Raw
    params: NameParams


_decode = msgspec.json.Decoder(_Place | _Amend | _Cancel).decode


def order_of(frame: bytes) -> tuple[bytes, OrderParams] | None:
    """The id to echo and the params, whose type tells the method; None leaves the frame to `protocol`."""
    try:
        decoded = _decode(frame)
        identity = bytes(decoded.id)
        if not identity.isdigit():
            identity = id_of(identity)
    except (ValueError, RecursionError, ApiError):
        return None
    params = decoded.params
    members = FRAME_MEMBERS + members_of(params)
    # As many colons as members means no repeated member and no colon inside a string, which is the common case.
    if frame.count(b":") != members != colons_of(frame):
        return None
    return identity, params
