"""The exchange's HTTP API as the command line uses it."""

from __future__ import annotations

import pytest

from openbell.api import Api, path_of
from openbell.errors import Fault, RequestRefused
from openbell.local.up import free_port
from tests.support.answering import answering


def test_a_put_carries_token_and_body() -> None:
    """The token goes in the header and nowhere else, the body is JSON."""
    with answering(200, {"symbol": "A"}) as server:
        assert Api(server.url + "/", "secret-token").put(path_of("A"), {"lot_size": "1"}) == {"symbol": "A"}
    assert server.asked == [("PUT", "/v1/admin/instruments/A", "Bearer secret-token", b'{"lot_size": "1"}')]


def test_a_refusal_is_told_as_the_exchange_words_it() -> None:
    """Message and code of the problem, and how to mend what can be mended from here."""
    problem = {"code": "forbidden", "message": "the token does not allow this", "status": 403}
    with (
        answering(403, problem) as server,
        pytest.raises(RequestRefused, match=r"does not allow this \(forbidden\)") as caught,
    ):
        Api(server.url, "t").get("/v1/admin/sessions")
    assert (caught.value.status, caught.value.error_code) == (403, "forbidden")
    assert "--scope admin" in caught.value.mend


def test_a_refusal_that_is_no_problem_is_told_too() -> None:
    """A proxy's page of HTML is told by its status."""
    with answering(502, b"<html>") as server, pytest.raises(RequestRefused, match="HTTP status 502"):
        Api(server.url).get("/v1/time")


def test_what_is_no_exchange_is_said_to_be_none() -> None:
    """Nobody there, and somebody else there."""
    with pytest.raises(Fault, match="no exchange answers"):
        Api(f"http://127.0.0.1:{free_port()}").get("/v1/time")
    with answering(200, b"hello") as server, pytest.raises(Fault, match="no exchange answers"):
        Api(server.url).get("/v1/time")


def test_a_redirect_does_not_take_the_token_along() -> None:
    """Another host never sees it."""
    with answering(200, {}) as other, answering(302, {}, Location=other.url + "/elsewhere") as server:
        Api(server.url, "secret-token").get("/v1/instruments")
    assert server.asked[0][2] == "Bearer secret-token"
    assert other.asked == [("GET", "/elsewhere", None, b"")]


@pytest.mark.parametrize(("status", "expected"), [(200, True), (503, False)])
def test_ready_is_what_says_so(status: int, expected: bool) -> None:
    """Only a success counts."""
    with answering(status, {}) as server:
        assert Api(server.url).is_ready() is expected


def test_a_token_is_not_shown() -> None:
    """Not even where the object is printed."""
    assert "secret-token" not in repr(Api("http://127.0.0.1", "secret-token"))


def test_a_symbol_cannot_reach_another_path() -> None:
    """What stands in a path is quoted."""
    assert path_of("../A?b") == "/v1/admin/instruments/..%2FA%3Fb"
