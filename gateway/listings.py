"""A listing as operators write it: the body of PUT /v1/admin/instruments/{symbol}.

Units: as in `exchange.instrument`.
"""

from __future__ import annotations

from typing import Final

from msgspec import UNSET, Raw, Struct, UnsetType

from exchange.instrument import MAX_OPEN_ORDERS, Instrument
from exchange.units import LARGEST, UNIT
from gateway.errors import ApiError
from gateway.requests import Decimal, Text, Whole, decimal

DECIMALS: Final = (
    "min_quantity",
    "max_quantity",
    "min_price",
    "max_price",
    "min_value",
    "max_value",
    "reference_price",
)
"""Members that are prices, quantities or money, and 0 where they are left out."""

RATE_UNIT: Final = UNIT // 100
"""A basis point has a hundred parts."""

REASON_CHARACTERS_MAX: Final = 256


class Row(Struct, forbid_unknown_fields=True, rename={"start": "from"}):
    """One row of a table of ticks: the tick from this price on."""

    start: Raw
    tick: Raw


class ListingParams(Struct, forbid_unknown_fields=True):
    """The body. `partition` counts at the first listing only."""

    lot_size: Raw
    tick_size: Decimal = UNSET
    ticks: list[Row] | UnsetType = UNSET
    min_quantity: Decimal = UNSET
    max_quantity: Decimal = UNSET
    min_price: Decimal = UNSET
    max_price: Decimal = UNSET
    min_value: Decimal = UNSET
    max_value: Decimal = UNSET
    reference_price: Decimal = UNSET
    collar_bps: Decimal = UNSET
    max_open_orders: Whole = UNSET
    partition: Whole = UNSET
    reason: Text = UNSET


def instrument_of(symbol: str, params: ListingParams) -> Instrument:
    """The instrument that is to be listed; ApiError `bad_request` if RULES.md forbids it."""
    most = params.max_open_orders if isinstance(params.max_open_orders, int) else MAX_OPEN_ORDERS
    if not 0 <= most <= LARGEST:
        raise ApiError("bad_request", "max_open_orders must not be negative", "max_open_orders")
    instrument = Instrument(
        symbol,
        _ticks(params),
        decimal(params.lot_size, "lot_size"),
        collar_bps=_rate(params.collar_bps, "collar_bps"),
        max_open_orders=most,
        **{name: _decimal(getattr(params, name), name) for name in DECIMALS},
    )
    fault = instrument.fault()
    if fault:
        field = "tick_size" if fault == "ticks" and params.ticks is UNSET else fault
        raise ApiError("bad_request", f"{field} makes this listing impossible (docs/rules.md)", field)
    return instrument


def partition_of(params: ListingParams, partitions: int) -> int | None:
    """The partition that the operator wants, if any."""
    wanted = params.partition
    if not isinstance(wanted, int):
        return None
    if not 0 <= wanted < partitions:
        raise ApiError("bad_request", f"partition must be from 0 to {partitions - 1}", "partition")
    return wanted


def reason_of(params: ListingParams) -> str:
    """The operator's reason, for the audit."""
    reason = params.reason if isinstance(params.reason, str) else ""
    if len(reason) > REASON_CHARACTERS_MAX:
        raise ApiError("bad_request", f"reason may have {REASON_CHARACTERS_MAX} characters", "reason")
    return reason


def _ticks(params: ListingParams) -> list[tuple[int, int]]:
    if isinstance(params.ticks, list):
        if params.tick_size is not UNSET:
            raise ApiError("bad_request", "give tick_size or ticks, not both", "ticks")
        return [(decimal(row.start, "ticks"), decimal(row.tick, "ticks")) for row in params.ticks]
    if params.tick_size is UNSET:
        raise ApiError("bad_request", "give tick_size or ticks", "tick_size")
    return [(0, decimal(params.tick_size, "tick_size"))]


def _decimal(raw: Decimal, field: str) -> int:
    return 0 if raw is UNSET else decimal(raw, field)


def _rate(raw: Decimal, field: str) -> int:
    """Basis points in hundredths."""
    hundredths, rest = divmod(_decimal(raw, field), RATE_UNIT)
    if rest:
        raise ApiError("bad_decimal", "basis points have at most two decimals", field)
    return hundredths
