"""streams/partition/account_view.py: what accounts have, as clients see it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings

from tests.support.journaled import Journaled
from tests.support.random_commands import ACCOUNTS, NARROW, PLAIN, Step
from tests.support.random_days import days


@given(days())
@settings(max_examples=80)
def test_money_and_quantities_sum_to_zero(day: list[Step]) -> None:
    """Over all accounts and the one that receives the fees, however many trades were crosses or undone."""
    journaled = Journaled(PLAIN, configure=NARROW)
    for step in day:
        journaled.take(step)

    accounts = [journaled.ask("account", account=name) for name in (*ACCOUNTS, "fees")]

    assert sum(Decimal(account["cash"]) for account in accounts) == 0
    assert sum(Decimal(account["fees"]) for account in accounts) == 0
    quantities: dict[str, Decimal] = {}
    for row in (row for account in accounts for row in account["positions"]):
        quantities[row["symbol"]] = quantities.get(row["symbol"], Decimal(0)) + Decimal(row["quantity"])
    assert set(quantities.values()) <= {Decimal(0)}
