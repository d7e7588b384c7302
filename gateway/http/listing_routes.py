"""Listing routes: instruments, partitions and sessions, for operators. All need the scope `admin`."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import msgspec
import orjson

from exchange.commands import ListInstrument
from gateway.errors import ApiError
from gateway.http.market_routes import NoQuery, symbol_of
from gateway.http.operator_routes import ask
from gateway.orders import Prepared, body_of
from gateway.requests import operator_requests
from gateway.requests.listing_requests import ListingParams, instrument_of, partition_of, reason_of
from gateway.requests.operator_requests import ReasonParams
from gateway.throttle import CANCELS, READS
from streams.errors import StreamError
from streams.publication.rendering import print_time

if TYPE_CHECKING:
    from aiohttp import web

    from gateway.http.call import Call
    from streams.journal.capacity import Room

PARTITION_DIGITS_MAX: Final = 3
NANOSECONDS: Final = 1_000_000_000

_listing = msgspec.json.Decoder(ListingParams)


async def put_instrument(call: Call) -> web.Response:
    """PUT /admin/instruments/{symbol}: list the instrument, or change its definition."""
    principal = await call.login("admin", CANCELS)
    call.query(NoQuery)
    symbol = symbol_of(call)
    params = await call.body(_listing)
    instrument = instrument_of(symbol, params)
    if instrument.calendar:
        await check_calendar(call, instrument.calendar)
    wanted = partition_of(params, call.services.venue.partitions)
    try:
        partition = await call.services.venue.claim(symbol, wanted)
    except StreamError as error:
        raise ApiError("unavailable", retry_after=1.0) from error
    if wanted not in (None, partition):
        raise ApiError("bad_request", f"{symbol} lives in partition {partition} for ever", "partition")
    command = ListInstrument(instrument, principal.subject, reason_of(params.reason))
    return call.json(await call.carry_out(Prepared(partition, command)))


async def get_instrument(call: Call) -> web.Response:
    """GET /admin/instruments/{symbol}."""
    await call.login("admin", READS)
    call.query(NoQuery)
    listed = await call.services.directory.listed(symbol_of(call))
    return call.json(listed.definition)


async def check_calendar(call: Call, name: str) -> None:
    """ApiError `bad_request` unless the workers know the calendar."""
    known = orjson.loads(body_of(await ask(call, 0, "calendars")))["calendars"]
    if name not in known:
        sentence = f"calendar must be round_the_clock or one that the workers have: {', '.join(known) or 'none'}"
        raise ApiError("bad_request", sentence, "calendar")


async def delete_instrument(call: Call) -> web.Response:
    """DELETE /admin/instruments/{symbol}: only while the instrument is closed and empty."""
    principal = await call.login("admin", CANCELS)
    params = call.query(ReasonParams)
    listed = await call.services.directory.listed(symbol_of(call))
    command = operator_requests.delist_command(listed.symbol, params, principal.subject)
    return call.json(await call.carry_out(Prepared(listed.partition, command)))


async def get_sessions(call: Call) -> web.Response:
    """GET /admin/sessions: the sessions of the gateway process that answers."""
    await call.login("admin", READS)
    call.query(NoQuery)
    return call.json({"sessions": call.services.sessions.described()})


async def get_partitions(call: Call) -> web.Response:
    """GET /admin/partitions: each one's leader and standbys, and how far they are."""
    await call.login("admin", READS)
    call.query(NoQuery)
    numbers = range(call.services.venue.partitions)
    rows = await asyncio.gather(*(describe(call, number) for number in numbers))
    refused = await refusals_of(call)
    return call.json({"partitions": [row | {"refused_by": refused.get(row["partition"], [])} for row in rows]})


async def describe(call: Call, number: int) -> dict[str, Any]:
    """One partition as its leader describes it, whether it would answer an order now, and where it has stopped."""
    venue = call.services.venue
    mark, why_not = venue.stop_of(number), venue.why_not(number)
    stopped = None if mark is None else {"sequence": mark.sequence, "why": mark.why}
    told = {"partition": number, "stopped": stopped, "room": described_room(venue.room(number))}
    try:
        answer = await venue.query(number, "partition")
    except StreamError as error:
        why_not = why_not or f"its leader does not answer: {error}"
        return {"available": False, "why": why_not, **told}
    return {"available": not why_not, "why": why_not or None, **told, **orjson.loads(answer.body)}


async def refusals_of(call: Call) -> dict[int, list[dict[str, Any]]]:
    """The workers that refuse partitions, by partition; none while NATS does not answer."""
    found: dict[int, list[dict[str, Any]]] = {}
    with suppress(StreamError):
        for refusal in await call.services.venue.refusals():
            row = {"worker": refusal.worker, "sequence": refusal.sequence, "why": refusal.why}
            row["next_look"] = orjson.loads(print_time(round(refusal.next_look * NANOSECONDS)))
            found.setdefault(refusal.partition, []).append(row)
    return found


def described_room(room: Room) -> dict[str, Any] | None:
    """How full a partition's streams are; None before this gateway has measured them."""
    journal, events = room.fills
    if not journal.size_max:
        return None
    return {
        "share": round(room.share, 4),
        "takes": room.takes,
        "journal_bytes": journal.size,
        "journal_max_bytes": journal.size_max,
        "events_bytes": events.size,
        "events_max_bytes": events.size_max,
    }


async def hand_over(call: Call) -> web.Response:
    """POST /admin/partitions/{partition}/handover: its standby leads it as soon as the standby is ready."""
    await call.login("admin", CANCELS)
    call.query(NoQuery)
    partition = partition_in_path(call)
    try:
        gone = await call.services.venue.hand_over(partition)
    except StreamError as error:
        raise ApiError("unavailable", retry_after=1.0) from error
    if not gone.to:
        raise ApiError("unavailable", gone.why, retry_after=1.0)
    return call.json({"partition": partition, "leader": gone.to})


def partition_in_path(call: Call) -> int:
    """The partition in the path; `not_found` if there is none of that number."""
    text = call.request.match_info["partition"]
    if not (text.isascii() and text.isdigit() and len(text) <= PARTITION_DIGITS_MAX):
        raise ApiError("not_found")
    if int(text) >= call.services.venue.partitions:
        raise ApiError("not_found")
    return int(text)


ROUTES: Final = (
    ("PUT", "/v1/admin/instruments/{symbol}", put_instrument),
    ("GET", "/v1/admin/instruments/{symbol}", get_instrument),
    ("DELETE", "/v1/admin/instruments/{symbol}", delete_instrument),
    ("GET", "/v1/admin/sessions", get_sessions),
    ("GET", "/v1/admin/partitions", get_partitions),
    ("POST", "/v1/admin/partitions/{partition}/handover", hand_over),
)
