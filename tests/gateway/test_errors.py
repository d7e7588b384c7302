"""Errors: one table, one shape, two transports."""

from __future__ import annotations

import pytest

from gateway.errors import CODES, ApiError, status_of

PUBLIC_CODES = """
bad_request unknown_field bad_decimal too_large unknown_method unauthenticated forbidden token_expired rate_limited
unknown_instrument unknown_order order_done client_order_id_reused wrong_phase not_allowed_in_phase killed
account_disabled price_off_tick bad_price price_too_low price_too_high price_outside_collar quantity_off_lot
quantity_too_small quantity_too_large display_too_large display_too_small value_too_small value_too_large
too_many_open_orders position_limit would_take would_trigger no_change quantity_below_filled bad_expires unknown_trade
already_busted too_late too_many busy outcome_unknown snapshot_required unavailable not_found method_not_allowed
unsupported_media_type internal
"""


def test_the_table_holds_exactly_the_codes_of_the_protocol() -> None:
    """No code is missing from the table, none is there that clients were not told of, none stands twice."""
    assert sorted(CODES) == sorted(PUBLIC_CODES.split())


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("bad_request", 400),
        ("unauthenticated", 401),
        ("token_expired", 401),
        ("forbidden", 403),
        ("not_found", 404),
        ("unknown_order", 404),
        ("method_not_allowed", 405),
        ("client_order_id_reused", 409),
        ("wrong_phase", 409),
        ("order_done", 409),
        ("no_change", 409),
        ("quantity_below_filled", 409),
        ("too_large", 413),
        ("unsupported_media_type", 415),
        ("price_off_tick", 422),
        ("rate_limited", 429),
        ("internal", 500),
        ("busy", 503),
        ("outcome_unknown", 503),
    ],
)
def test_statuses_are_those_of_the_protocol(code: str, status: int) -> None:
    """What the protocol says of a code's HTTP status holds."""
    assert status_of(code) == status


def test_a_code_of_a_newer_worker_is_passed_on() -> None:
    """A code that this gateway does not know yet reaches the client as it is, with status 500."""
    error = ApiError("from_the_future")
    assert (error.status, error.body("r")) == (
        500,
        {"code": "from_the_future", "message": "from_the_future", "request_id": "r"},
    )


def test_titles_and_messages_tell_something() -> None:
    """Every code has a title of its own, and a message that is more than the title."""
    assert len({row.title for row in CODES.values()}) == len(CODES)
    assert all(len(row.message) > len(row.title) for row in CODES.values())


def test_the_body_holds_what_is_known_and_nothing_else() -> None:
    """Field and retry time appear only where there is one."""
    assert ApiError("price_off_tick", "must be a multiple of 0.01", "price").body("r-1") == {
        "code": "price_off_tick",
        "message": "must be a multiple of 0.01",
        "field": "price",
        "request_id": "r-1",
    }
    assert ApiError("busy", retry_after=0.25).body("r-2") == {
        "code": "busy",
        "message": CODES["busy"].message,
        "retry_after": 0.25,
        "request_id": "r-2",
    }


def test_a_problem_has_the_members_of_rfc_9457() -> None:
    """Over HTTP the same members come with type, title and status."""
    assert ApiError("unknown_order").problem("r") == {
        "type": "/docs#unknown_order",
        "title": "Unknown order",
        "status": 404,
        "code": "unknown_order",
        "message": CODES["unknown_order"].message,
        "request_id": "r",
    }


def test_headers_say_when_to_come_back_and_how_to_log_in() -> None:
    """Retry-After is whole seconds and never 0; a 401 names the scheme and whether the token has expired."""
    assert ApiError("busy", retry_after=0.2).headers() == {"Retry-After": "1"}
    assert ApiError("rate_limited", retry_after=2.1).headers() == {"Retry-After": "3"}
    assert ApiError("unauthenticated").headers() == {"WWW-Authenticate": 'Bearer realm="openbell"'}
    assert 'error="invalid_token"' in ApiError("token_expired").headers()["WWW-Authenticate"]
    assert ApiError("forbidden").headers() == {}


def test_the_retry_time_is_never_less_than_asked() -> None:
    """Rounding to milliseconds goes up."""
    assert ApiError("busy", retry_after=0.0001).body("")["retry_after"] == 0.001
