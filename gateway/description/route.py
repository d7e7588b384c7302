"""Route: one HTTP route as /openapi.json and /docs describe it, and the codes that several routes share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from exchange import rejections

if TYPE_CHECKING:
    from gateway.description.request_schemas import Schema

PLACE_CODES: Final = (
    rejections.UNKNOWN_INSTRUMENT,
    rejections.CLIENT_ORDER_ID_REUSED,
    rejections.KILLED,
    rejections.WRONG_PHASE,
    rejections.ACCOUNT_DISABLED,
    rejections.NOT_ALLOWED_IN_PHASE,
    rejections.PRICE_OFF_TICK,
    rejections.BAD_PRICE,
    rejections.PRICE_TOO_LOW,
    rejections.PRICE_TOO_HIGH,
    rejections.PRICE_OUTSIDE_COLLAR,
    rejections.QUANTITY_OFF_LOT,
    rejections.QUANTITY_TOO_SMALL,
    rejections.QUANTITY_TOO_LARGE,
    rejections.DISPLAY_TOO_LARGE,
    rejections.DISPLAY_TOO_SMALL,
    rejections.VALUE_TOO_SMALL,
    rejections.VALUE_TOO_LARGE,
    rejections.TOO_MANY_OPEN_ORDERS,
    rejections.POSITION_LIMIT,
    rejections.WOULD_TAKE,
    rejections.WOULD_TRIGGER,
    rejections.BAD_EXPIRES,
)
OF_NEW_ORDERS: Final = (
    rejections.UNKNOWN_INSTRUMENT,
    rejections.CLIENT_ORDER_ID_REUSED,
    rejections.NOT_ALLOWED_IN_PHASE,
    rejections.TOO_MANY_OPEN_ORDERS,
)
AMEND_CODES: Final = (
    rejections.UNKNOWN_ORDER,
    rejections.ORDER_DONE,
    rejections.NO_CHANGE,
    rejections.QUANTITY_BELOW_FILLED,
    *(code for code in PLACE_CODES if code not in OF_NEW_ORDERS),
)
COMMAND_CODES: Final = ("busy", "outcome_unknown", rejections.TOO_LATE)
LOGIN_CODES: Final = ("unauthenticated", "token_expired", "forbidden")
OPEN_CODES: Final = ("unauthenticated", "token_expired")
BODY_CODES: Final = ("bad_request", "unknown_field", "bad_decimal", "too_large", "unsupported_media_type")
QUERY_CODES: Final = ("bad_request", "unknown_field")
"""The codes of every route under /v1: unknown parameters and impossible names in the path are refused."""
EVERY_CODE: Final = ("rate_limited", "too_many", "internal")


class Route(NamedTuple):
    """A route. `answer` is its JSON on success, `scope` the scope that the token needs ("" for no token)."""

    method: str
    path: str
    summary: str
    answer: Schema
    scope: str = ""
    query: tuple[str, ...] = ()
    body: Schema | None = None
    codes: tuple[str, ...] = ()
    status: int = 200
    media_type: str = "application/json"
    body_required: bool = True

    @property
    def is_open(self) -> bool:
        """Whether anybody may ask; a token that is given is verified, and an operator may require one."""
        return self.path.startswith("/v1/") and not self.scope

    @property
    def all_codes(self) -> tuple[str, ...]:
        """Every code that this route may answer with."""
        command = self.scope in ("trade", "admin") and self.method != "get"
        found = (
            *(LOGIN_CODES if self.scope else OPEN_CODES if self.is_open else ()),
            *(BODY_CODES if self.body else ()),
            *(QUERY_CODES if self.path.startswith("/v1/") else ()),
            *self.codes,
            *(COMMAND_CODES if command else ()),
            *EVERY_CODE,
        )
        return tuple(dict.fromkeys(found))


BY_SYMBOL: Final = ("unknown_instrument", "unavailable")
BY_ORDER: Final = ("unknown_order", "unavailable")
