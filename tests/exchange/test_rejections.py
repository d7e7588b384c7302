"""The engine's codes are the protocol's."""

from __future__ import annotations

from exchange import rejections

PROTOCOL_CODES = (
    "bad_request unknown_instrument unknown_order order_done client_order_id_reused wrong_phase not_allowed_in_phase "
    "killed account_disabled price_off_tick bad_price price_too_low price_too_high price_outside_collar "
    "quantity_off_lot quantity_too_small quantity_too_large display_too_large display_too_small value_too_small "
    "value_too_large too_many_open_orders position_limit would_take would_trigger no_change quantity_below_filled "
    "bad_expires unknown_trade already_busted too_late"
)


def test_every_code_is_one_of_the_protocols() -> None:
    """Codes are stable and public: a name here is its value in capitals, and clients know it."""
    codes = {name: value for name, value in vars(rejections).items() if name.isupper() and isinstance(value, str)}
    assert len(codes) > 20
    for name, code in codes.items():
        assert code == name.lower()
        assert code in PROTOCOL_CODES.split()
