"""The frames of nearly all requests, placements, amendments and cancels, read in one pass over their bytes.

Rule: what is taken here is what `gateway.requests.protocol` would take, and means the same. Whatever is wrong with a
frame, or only unusual, is left to it: it reads slowly and knows what to tell the client.
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec import Raw, Struct

from gateway.errors import ApiError
from gateway.requests.order_requests import AmendParams, NameParams, PlaceParams
from gateway.requests.protocol import colons_of, id_of, members_of

FRAME_MEMBERS: Final = 3
"""id, method, params."""

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
    """The id to echo and the params, whose type tells the method; None if the frame is to be read the other way."""
    try:
        decoded = _decode(frame)
        identity = bytes(decoded.id)
        if not identity.isdigit():
            identity = id_of(identity)
    except (ValueError, RecursionError, ApiError):
        return None
    params = decoded.params
    members = FRAME_MEMBERS + members_of(params)
    # If a colon for each member is all there are, none came twice, and none stands in a string: nearly always so.
    if frame.count(b":") != members != colons_of(frame):
        return None
    return identity, params
