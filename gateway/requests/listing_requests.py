"""Listing requests: an instrument as operators write it, the body of PUT /v1/admin/instruments/{symbol}.

Units: as in `exchange.instrument`.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import asdict

from exchange.instrument import MAX_OPEN_ORDERS, Instrument
from exchange.units import RATE, SECOND, UNIT
from gateway.errors import ApiError
from gateway.requests.order_requests import Decimal, Text, Whole, exact_decimal
from streams.publication.refusal_sentences import listing_sentence

DECIMALS: Final = (
    "min_quantity",
    "max_quantity",
    "min_price",
    "max_price",
    "min_value",
    "max_value",
    "reference_price",
)
"""Members that are prices, quantities or money, 0 if left out."""

RATE_UNIT: Final = UNIT // 100
"""A basis point has a hundred parts."""

BANDS: Final = ("collar_bps", "static_band_bps", "dynamic_band_bps")
"""Members that are rates, 0 if left out."""

FEES: Final = ("maker_bps", "taker_bps", "cross_bps")

ROUND_THE_CLOCK: Final = "round_the_clock"
"""The calendar name of an instrument without a calendar."""

SECONDS_MAX: Final = 7 * 86_400
"""The longest duration: a week."""

REASON_CHARACTERS_MAX: Final = 256


class TickRow(Struct, forbid_unknown_fields=True, rename={"start": "from"}):
    """One row of a tick table: the tick from this price on."""

    start: Raw
    tick: Raw


class LuldParams(Struct, forbid_unknown_fields=True):
    """Limit up, limit down: the tier, and durations that have defaults."""

    tier: int
    window_seconds: Whole = UNSET
    hold_seconds: Whole = UNSET
    limit_state_seconds: Whole = UNSET
    call_seconds: Whole = UNSET
    extension_seconds: Whole = UNSET


class ListingParams(Struct, forbid_unknown_fields=True):
    """The body. `partition` has an effect at the first listing only."""

    lot_size: Raw
    tick_size: Decimal = UNSET
    ticks: list[TickRow] | UnsetType = UNSET
    min_quantity: Decimal = UNSET
    max_quantity: Decimal = UNSET
    min_price: Decimal = UNSET
    max_price: Decimal = UNSET
    min_value: Decimal = UNSET
    max_value: Decimal = UNSET
    reference_price: Decimal = UNSET
    collar_bps: Decimal = UNSET
    max_open_orders: Whole = UNSET
    static_band_bps: Decimal = UNSET
    dynamic_band_bps: Decimal = UNSET
    luld: LuldParams | UnsetType | None = UNSET
    call_seconds: Whole = UNSET
    call_random_seconds: Whole = UNSET
    call_extensions: Whole = UNSET
    maker_bps: Decimal = UNSET
    taker_bps: Decimal = UNSET
    cross_bps: Decimal = UNSET
    calendar: Text = UNSET
    partition: Whole = UNSET
    reason: Text = UNSET


def instrument_of(symbol: str, params: ListingParams) -> Instrument:
    """The instrument that is to be listed; ApiError `bad_request` if docs/rules.md, "Listings", forbids it."""
    most = params.max_open_orders if isinstance(params.max_open_orders, int) else MAX_OPEN_ORDERS
    instrument = Instrument(
        symbol,
        _ticks(params),
        exact_decimal(params.lot_size, "lot_size"),
        max_open_orders=most,
        calendar=calendar_of(params),
        **{name: _decimal(getattr(params, name), name) for name in DECIMALS},
        **{name: _rate(getattr(params, name), name) for name in BANDS},
        **_fees(params),
        **_calls(params),
        **_luld(params.luld),
    )
    fault = instrument.fault()
    if fault:
        field = "tick_size" if fault == "ticks" and params.ticks is UNSET else fault
        raise ApiError("bad_request", listing_sentence(instrument, field), field)
    return instrument


def calendar_of(params: ListingParams) -> str:
    """The name of the instrument's calendar, "" for none."""
    name = params.calendar if isinstance(params.calendar, str) else ""
    return "" if name == ROUND_THE_CLOCK else name


def partition_of(params: ListingParams, partitions: int) -> int | None:
    """The partition that the operator wants, if any."""
    wanted = params.partition
    if not isinstance(wanted, int):
        return None
    if not 0 <= wanted < partitions:
        raise ApiError("bad_request", f"partition must be from 0 to {partitions - 1}", "partition")
    return wanted


def reason_of(given: Text) -> str:
    """The operator's reason, for the audit."""
    reason = given if isinstance(given, str) else ""
    if len(reason) > REASON_CHARACTERS_MAX:
        raise ApiError("bad_request", f"reason may have at most {REASON_CHARACTERS_MAX} characters", "reason")
    return reason


def _ticks(params: ListingParams) -> list[tuple[int, int]]:
    if isinstance(params.ticks, list):
        if params.tick_size is not UNSET:
            raise ApiError("bad_request", "give tick_size or ticks, not both", "ticks")
        return [(exact_decimal(row.start, "ticks"), exact_decimal(row.tick, "ticks")) for row in params.ticks]
    if params.tick_size is UNSET:
        raise ApiError("bad_request", "give tick_size or ticks", "tick_size")
    return [(0, exact_decimal(params.tick_size, "tick_size"))]


def _decimal(raw: Decimal, field: str) -> int:
    return 0 if raw is UNSET else exact_decimal(raw, field)


def _fees(params: ListingParams) -> dict[str, int]:
    """The fee rates that are given: a negative rate is a rebate, a missing cross rate is the taker's."""
    given = {name: getattr(params, name) for name in FEES}
    return {name: fee_rate(raw, name) for name, raw in given.items() if raw is not UNSET}


def fee_rate(raw: Raw, field: str) -> int:
    """A fee's rate."""
    rate = _rate(raw, field)
    if abs(rate) > RATE:
        raise ApiError("bad_request", f"{field} must be from -10000 to 10000", field)
    return rate


def _calls(params: ListingParams) -> dict[str, int]:
    """The durations of calls and the number of their extensions, as far as given."""
    found = _durations({"call": params.call_seconds, "call_random": params.call_random_seconds}, "", "")
    if isinstance(params.call_extensions, int):
        found["call_extensions"] = params.call_extensions
    return found


def _luld(params: LuldParams | UnsetType | None) -> dict[str, int]:
    if not isinstance(params, LuldParams):
        return {}
    if params.tier not in (1, 2):
        raise ApiError("bad_request", "luld.tier must be 1 or 2", "luld.tier")
    durations = {name.removesuffix("_seconds"): given for name, given in asdict(params).items() if name != "tier"}
    return {"luld_tier": params.tier, **_durations(durations, "luld_", "luld.")}


def _durations(given: dict[str, Any], prefix: str, parent: str) -> dict[str, int]:
    """Seconds as nanoseconds under the names that an Instrument has for them."""
    found = {}
    for name, seconds in given.items():
        if isinstance(seconds, int):
            if not (0 if name == "call_random" else 1) <= seconds <= SECONDS_MAX:
                field = f"{parent}{name}_seconds"
                raise ApiError("bad_request", f"{field} must be from 1 to {SECONDS_MAX}", field)
            found[prefix + name] = seconds * SECOND
    return found


def _rate(raw: Decimal, field: str) -> int:
    """Basis points in hundredths."""
    hundredths, rest = divmod(_decimal(raw, field), RATE_UNIT)
    if rest:
        raise ApiError("bad_decimal", "basis points have at most two decimals", field)
    return hundredths
