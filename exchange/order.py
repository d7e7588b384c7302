"""An order and the words for what it may be.

The words are small integers inside and on the wire; the `*_NAMES` give what clients see, by index.
Always true: filled + open + canceled = quantity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from exchange.commands import PlaceOrder
    from exchange.level import Level

BUY: Final = 0
SELL: Final = 1
BOTH_SIDES: Final = 2
SIDE_NAMES: Final = ("buy", "sell")

LIMIT: Final = 0
MARKET: Final = 1
STOP: Final = 2
STOP_LIMIT: Final = 3
TYPE_NAMES: Final = ("limit", "market", "stop", "stop_limit")

GTC: Final = 0
DAY: Final = 1
IOC: Final = 2
FOK: Final = 3
GTD: Final = 4
AT_OPEN: Final = 5
AT_CLOSE: Final = 6
TIME_IN_FORCE_NAMES: Final = ("gtc", "day", "ioc", "fok", "gtd", "at_open", "at_close")

CANCEL_NEWEST: Final = 0
CANCEL_OLDEST: Final = 1
CANCEL_BOTH: Final = 2
DECREMENT: Final = 3
SELF_TRADE_NAMES: Final = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")

PENDING_TRIGGER: Final = 0
OPEN: Final = 1
PARTIALLY_FILLED: Final = 2
FILLED: Final = 3
CANCELED: Final = 4
EXPIRED: Final = 5
REFUSED: Final = 6
STATUS_NAMES: Final = ("pending_trigger", "open", "partially_filled", "filled", "canceled", "expired", "rejected")

MAKER: Final = 0
TAKER: Final = 1
CROSS: Final = 2
LIQUIDITY_NAMES: Final = ("maker", "taker", "cross")
