"""Rejection codes: why the engine refuses a command (docs/protocol.md, "Codes").

A rejection is an answer, not an error: nothing has changed.
"""

from __future__ import annotations

from typing import Final

BAD_REQUEST: Final = "bad_request"
UNKNOWN_INSTRUMENT: Final = "unknown_instrument"
UNKNOWN_ORDER: Final = "unknown_order"
ORDER_DONE: Final = "order_done"
CLIENT_ORDER_ID_REUSED: Final = "client_order_id_reused"
NOT_ALLOWED_IN_PHASE: Final = "not_allowed_in_phase"
PRICE_OFF_TICK: Final = "price_off_tick"
BAD_PRICE: Final = "bad_price"
PRICE_TOO_LOW: Final = "price_too_low"
PRICE_TOO_HIGH: Final = "price_too_high"
PRICE_OUTSIDE_COLLAR: Final = "price_outside_collar"
QUANTITY_OFF_LOT: Final = "quantity_off_lot"
QUANTITY_TOO_SMALL: Final = "quantity_too_small"
QUANTITY_TOO_LARGE: Final = "quantity_too_large"
DISPLAY_TOO_LARGE: Final = "display_too_large"
DISPLAY_TOO_SMALL: Final = "display_too_small"
VALUE_TOO_SMALL: Final = "value_too_small"
VALUE_TOO_LARGE: Final = "value_too_large"
TOO_MANY_OPEN_ORDERS: Final = "too_many_open_orders"
WOULD_TAKE: Final = "would_take"
NO_CHANGE: Final = "no_change"
QUANTITY_BELOW_FILLED: Final = "quantity_below_filled"
BAD_EXPIRES: Final = "bad_expires"
TOO_LATE: Final = "too_late"
WRONG_PHASE: Final = "wrong_phase"
KILLED: Final = "killed"
ACCOUNT_DISABLED: Final = "account_disabled"
POSITION_LIMIT: Final = "position_limit"
WOULD_TRIGGER: Final = "would_trigger"
UNKNOWN_TRADE: Final = "unknown_trade"
ALREADY_BUSTED: Final = "already_busted"
