"""Names: symbols, accounts, order ids and cursors as clients write them, checked.

Symbols and accounts become parts of NATS subjects, so no name reaches a subject before its check here.
"""

from __future__ import annotations

import re

from msgspec import Struct

from gateway.errors import ApiError

_client_order_id = re.compile(r"[A-Za-z0-9_.:-]{1,36}").fullmatch
_symbol = re.compile(r"[A-Z0-9_-]{1,32}").fullmatch
_account = re.compile(r"[A-Za-z0-9_-]{1,32}").fullmatch
_order_id = re.compile(r"(0|[1-9][0-9]{0,3})-([1-9][0-9]{0,17})").fullmatch
_cursor = re.compile(r"(0|[1-9][0-9]{0,3})-(0|[1-9][0-9]{0,17})").fullmatch


class Name(Struct, frozen=True, gc=False):
    """The name of an order in a request: `partition` and `number`, or else `symbol` and `client_order_id`."""

    partition: int = -1
    number: int = 0
    symbol: str = ""
    client_order_id: str = ""


def name_of_id(order_id: str) -> Name:
    """The parts of an order id; `unknown_order` for an id that is never given."""
    found = _order_id(order_id)
    if found is None:
        raise ApiError("unknown_order", field="order_id")
    return Name(int(found[1]), int(found[2]))


def name_of_cursor(cursor: str) -> Name:
    """The parts of a cursor: a partition and a number, in lists those of the last order seen."""
    found = _cursor(cursor)
    if found is None:
        raise ApiError("bad_request", "give a cursor as it was given to you", "cursor")
    return Name(int(found[1]), int(found[2]))


def checked_symbol(symbol: str, field: str = "symbol") -> str:
    """The symbol, checked because it becomes part of a subject."""
    if _symbol(symbol) is None:
        raise ApiError("bad_request", "a symbol is 1-32 characters of A-Z, 0-9, _ and -", field)
    return symbol


def checked_account(account: str) -> str:
    """The account, checked because it becomes part of a subject."""
    if _account(account) is None:
        raise ApiError("bad_request", "an account is 1-32 characters of A-Z, a-z, 0-9, _ and -", "account")
    return account


def checked_client_order_id(client_order_id: str) -> str:
    """The client_order_id, checked."""
    if _client_order_id(client_order_id) is None:
        sentence = "a client_order_id is 1-36 characters of A-Z, a-z, 0-9, _, ., : and -"
        raise ApiError("bad_request", sentence, "client_order_id")
    return client_order_id
