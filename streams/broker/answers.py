"""Answers of JetStream: acknowledgements of stores, and responses of its API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from streams.broker.headers import NO_RESPONDERS, status_of
from streams.errors import ApiRefused, NotStored, Unavailable, WrongSequence

if TYPE_CHECKING:
    import asyncio

WRONG_SEQUENCE_CODES = frozenset({10071, 10164})
"""The second code: another message with an expectation for the same key is still being stored."""

SERVICE_UNAVAILABLE = 503


class Stored(NamedTuple):
    """Acknowledgement: JetStream has the message at `sequence`; `duplicate`: already before, by its message id."""

    sequence: int
    duplicate: bool


def read_api_answer(subject: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer of the JetStream API; raise ApiRefused or Unavailable if the answer is an error."""
    if "error" in answer:
        error = answer["error"]
        if error.get("code") == SERVICE_UNAVAILABLE:
            raise Unavailable(f"{subject}: {error.get('description')}")
        raise ApiRefused(subject, error.get("err_code", 0), error.get("description", "no reason given"))
    return answer


def settle(future: asyncio.Future[Stored], payload: bytes, headers: bytes) -> None:
    """Settle `future` by an acknowledgement: Stored, or the exception NotStored or WrongSequence."""
    if not payload:
        reason = "no stream takes it" if status_of(headers) == NO_RESPONDERS else "no acknowledgement but an empty one"
        future.set_exception(NotStored(0, reason))
        return
    answer = json.loads(payload)
    error = answer.get("error")
    if error is None:
        future.set_result(Stored(answer["seq"], answer.get("duplicate", False)))
    else:
        code = error.get("err_code", 0)
        refusal = WrongSequence if code in WRONG_SEQUENCE_CODES else NotStored
        future.set_exception(refusal(code, error.get("description", "refused")))
