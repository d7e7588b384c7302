"""Refusal sentences: for each code the sentence that a client gets, which says what would be accepted.

`{field}` is the name of the wrong field; `{price}` (or money), `{quantity}` or `{count}` is the limit that it missed,
printed as a client writes such a number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exchange import rejections
from exchange.accounts.limits import ENABLED, LIMIT_NAMES, MAKER_BPS, MAX_OPEN_ORDERS, highest
from exchange.instrument import MONEY, Instrument
from exchange.units import LARGEST, RATE, UNIT, VALUE_LARGEST, to_text

if TYPE_CHECKING:
    from exchange.events import Rejected

RATE_UNIT: Final = RATE // 10_000
"""A basis point has a hundred parts."""

MOST: Final = to_text(LARGEST, 0)
"""The largest number that a listing may name, money aside."""

END_OF_CALLS: Final = "2116-02-20T23:53:38Z"
"""The second of `NEVER`: no end is planned."""

SENTENCES: Final[dict[str, str]] = {
    rejections.BAD_REQUEST: "{field} is missing, or cannot be used with the rest of this command",
    rejections.UNKNOWN_INSTRUMENT: "no instrument with this symbol is listed",
    rejections.UNKNOWN_ORDER: "this account has no such order, or it ended so long ago that it is forgotten",
    rejections.ORDER_DONE: "the order has ended and cannot be changed or canceled any more",
    rejections.CLIENT_ORDER_ID_REUSED: "this client_order_id belongs to another order of yours; choose a new one",
    rejections.NOT_ALLOWED_IN_PHASE: "orders with this {field} are not taken in the instrument's present phase",
    rejections.PRICE_OFF_TICK: "{field} must be a multiple of the tick size {price}",
    rejections.BAD_PRICE: "{field} must be above zero",
    rejections.PRICE_TOO_LOW: "{field} must be at least {price}",
    rejections.PRICE_TOO_HIGH: "{field} must be at most {price}",
    rejections.PRICE_OUTSIDE_COLLAR: "{field} is too far from the reference price; the nearest allowed is {price}",
    rejections.QUANTITY_OFF_LOT: "{field} must be a multiple of the lot size {quantity}",
    rejections.QUANTITY_TOO_SMALL: "{field} must be at least {quantity}",
    rejections.QUANTITY_TOO_LARGE: "{field} must be at most {quantity}",
    rejections.DISPLAY_TOO_LARGE: "{field} must be at most the order's quantity {quantity}",
    rejections.DISPLAY_TOO_SMALL: "{field} must be at least one percent of the quantity, {quantity}",
    rejections.VALUE_TOO_SMALL: "price times quantity must be at least {price}",
    rejections.VALUE_TOO_LARGE: "price times quantity must be at most {price}",
    rejections.TOO_MANY_OPEN_ORDERS: "this account may have at most {count} open orders here; cancel one first",
    rejections.WOULD_TAKE: "a post-only order must not trade at once; the best price of the other side is {price}",
    rejections.NO_CHANGE: "the order is already as you ask; give at least one value that differs",
    rejections.QUANTITY_BELOW_FILLED: "{field} is the new total and must be at least {quantity}, which is already done",
    rejections.BAD_EXPIRES: "{field} must be later than now",
    rejections.WRONG_PHASE: "the instrument's present phase does not allow this",
    rejections.KILLED: "a kill switch is on: orders are neither taken nor changed, cancels work",
    rejections.ACCOUNT_DISABLED: "this account may only cancel; ask the operator",
    rejections.POSITION_LIMIT: "with its open orders this account could pass its position limit of {quantity}",
    rejections.WOULD_TRIGGER: "{field} has been reached already: the stop would trigger at once",
    rejections.UNKNOWN_TRADE: "no such trade can be undone: it was never made, or too long ago",
    rejections.ALREADY_BUSTED: "this trade has been undone before",
    rejections.TOO_LATE: "the command took too long to reach the exchange and was not carried out; send it again",
}

# Faults of a listing, or of an order without its price, have a better sentence for each field.
BAD_REQUESTS: Final[dict[str, str]] = {
    "": "the message could not be understood",
    "price": "limit and stop_limit orders need a price, others have none",
    "stop_price": "stop and stop_limit orders need a stop_price until they trigger, others have none",
    "expires": "orders with time_in_force gtd need expires, others have none",
    "seconds": "seconds must be from 0, which turns it off, to a day",
    "kind": "only an auction has a kind",
    "until": f"only an auction has an until, which must be later than now and before {END_OF_CALLS}",
    "lift": "a halt lifts none: name the phase to enter",
    "account": "the account that receives the fees has no limits",
    "symbol": "name an account or a symbol, not both",
    "ticks": f"ticks must begin with a row from 0, rise from row to row, and be above zero and at most {MOST}",
    "tick_size": f"tick_size must be above zero and at most {MOST}",
    "lot_size": f"lot_size must be above zero and at most {MOST}, and times each tick a multiple of 0.00000001",
    "max_quantity": "max_quantity must be at least one lot and min_quantity",
    "max_price": "max_price must be at least one tick and min_price",
    "max_value": "max_value must not be below min_value",
}

DELISTING: Final = "only an instrument that is closed and has no open order can be taken off"
"""The sentence of `wrong_phase` for a delisting."""


def listing_sentence(instrument: Instrument, field: str) -> str:
    """Why a listing is impossible because of this field (`Instrument.fault`)."""
    number = getattr(instrument, field, None)
    low, high = (0, VALUE_LARGEST) if field in MONEY else (0, LARGEST)
    if not isinstance(number, int) or low <= number <= high or field == "lot_size":
        return BAD_REQUESTS.get(field, f"{field} makes this listing impossible (docs/rules.md)")
    unit = {"max_open_orders": 1, "call_extensions": 1}.get(field, RATE_UNIT if field.endswith("_bps") else UNIT)
    return f"{field} must be from 0 to {to_text(high * UNIT // unit, 0)}"


def limit_sentence(name: str) -> str:
    """The range of an account's limit, as a sentence."""
    field = LIMIT_NAMES.index(name)
    if field == ENABLED:
        return "enabled must be true or false"
    if field == MAX_OPEN_ORDERS:
        return f"{name} must be from 0 to {highest(field)}"
    if field >= MAKER_BPS:
        return f"{name} must be from -10000 to 10000"
    return f"{name} must be from 0 to {to_text(highest(field), 0)}"


def sentence_of(rejected: Rejected, price_decimals: int = 0, quantity_decimals: int = 0) -> str:
    """The sentence for a refusal; its numbers are printed with the decimals of the instrument, if one was meant."""
    code = rejected.code
    if code == rejections.BAD_REQUEST and rejected.field in BAD_REQUESTS:
        return BAD_REQUESTS[rejected.field]
    bound = rejected.bound
    return SENTENCES[code].format(
        field=rejected.field,
        price=to_text(bound, price_decimals),
        quantity=to_text(bound, quantity_decimals),
        count=bound,
    )
