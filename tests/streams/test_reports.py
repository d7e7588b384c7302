import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings

from exchange.commands import AmendOrder, CancelAll, CancelOrder, SetPhase
from exchange.terms import AUCTION, CANCEL_BOTH, DECREMENT, FOK, GTD, IOC, OPERATOR
from exchange.units import SECOND
from tests.support.journaled import OPENING, Journaled, buy, sell, units
from tests.support.random_choices import stories
from tests.support.random_commands import ACCOUNTS, NARROW, PLAIN, Step
from tests.support.random_days import days

NUMBERS = (
    *("price", "stop_price", "quantity", "display_quantity"),
    *("filled_quantity", "open_quantity", "average_price"),
)

Moving = tuple[str, str, str, str, str | None, str | None]


def told(report: dict[str, Any]) -> Moving:
    """What happened, and the members of the order that move, as of then."""
    order = report["order"]
    return (
        report["exec"],
        order["status"],
        order["filled_quantity"],
        order["open_quantity"],
        order["average_price"],
        order["reason"],
    )


def exact(order: dict[str, Any]) -> dict[str, Any]:
    """An order's numbers as numbers: a listing with a finer tick or lot prints the same ones with more decimals."""
    return order | {name: Decimal(order[name]) for name in NUMBERS if order[name] is not None}


class Account:
    """A session that knows its orders by their reports alone."""

    def __init__(self) -> None:
        self.seq = 0
        self.open: dict[str, dict[str, Any]] = {}

    def hear(self, heard: list[dict[str, Any]]) -> None:
        """Take an account's reports, which have to follow on each other."""
        for report in heard:
            assert (report["prev"], report["seq"]) == (self.seq, self.seq + 1)
            assert report["cursor"] == f"3-{report['seq']}"
            self.seq += 1
            order = report["order"]
            before = self.open.pop(order["order_id"], None)
            if report["exec"] == "busted":
                assert before in (None, order)
            else:
                assert (before is None) == (report["exec"] == "accepted")
            if order["status"] in ("pending_trigger", "open", "partially_filled"):
                self.open[order["order_id"]] = order
            assert (order["open_quantity"].strip("0.") != "") == (order["order_id"] in self.open)


@given(stories() | days())
@settings(max_examples=160)
def test_reports_rebuild_an_account_s_open_orders(story: list[Step]) -> None:
    """After every command, what an account was told of its orders is how they are.

    That holds for stops that wait, are triggered or refused, for uncrosses, and for trades that were undone.
    """
    journaled = Journaled(PLAIN, configure=NARROW)
    accounts = {name: Account() for name in ACCOUNTS}
    for step in story:
        answered = journaled.take(step)
        for name, account in accounts.items():
            account.hear(answered.reports.get(name, []))
            snapshot = journaled.ask("orders_snapshot", account=name)
            assert snapshot["seq"] == account.seq
            assert {order["order_id"]: exact(order) for order in snapshot["orders"]} == {
                order_id: exact(order) for order_id, order in account.open.items()
            }
        for heard in answered.reports.values():
            last = {report["order"]["order_id"]: report["order"] for report in heard}
            for order_id, order in last.items():
                number = int(order_id.split("-")[1])
                assert journaled.ask("order", account=order["account"], order_id=number) == order


def test_each_report_shows_the_order_as_it_was_then() -> None:
    """An order that trades twice and then expires, in one command, is told of in four different states."""
    journaled = Journaled()
    journaled.send(sell("anna", 2, 100, "a-1"), sell("boris", 3, "100.50", "b-1"))

    heard = journaled.send(buy("carla", 10, 101, "c-1", time_in_force=IOC)).reports

    assert [told(report) for report in heard["carla"]] == [
        ("accepted", "open", "0", "10", None, None),
        ("trade", "partially_filled", "2", "8", "100.00", None),
        ("trade", "partially_filled", "5", "5", "100.30", None),
        ("expired", "expired", "5", "0", "100.30", "no_liquidity"),
    ]
    assert [told(report) for report in heard["anna"]] == [("trade", "filled", "2", "0", "100.00", None)]


def test_an_iceberg_met_twice_by_one_order_is_reported_twice() -> None:
    """The maker's states are told apart like the taker's."""
    journaled = Journaled()
    journaled.send(sell("anna", 30, 100, "a-1", display_quantity=units(10)), sell("boris", 5, 100, "b-1"))

    heard = journaled.send(buy("carla", 18, 100, "c-1")).reports

    assert [told(report) for report in heard["anna"]] == [
        ("trade", "partially_filled", "10", "20", "100.00", None),
        ("trade", "partially_filled", "13", "17", "100.00", None),
    ]


def test_both_sides_of_a_trade_are_told() -> None:
    """Maker and taker get the trade with their own liquidity, and the same number, price and quantity."""
    journaled = Journaled()
    journaled.send(sell("anna", 5, 100, "a-1"))

    heard = journaled.send(buy("boris", 2, 101, "b-1")).reports

    trade = {"last_price": "100.00", "last_quantity": "2", "trade_id": 1, "fee": "0.00"}
    for account, liquidity, seq in (("anna", "maker", 2), ("boris", "taker", 2)):
        report = heard[account][-1]
        order = report.pop("order")
        assert order["account"] == account
        assert report == trade | {
            "channel": "orders",
            "type": "update",
            "partition": 3,
            "seq": seq,
            "prev": seq - 1,
            "cursor": f"3-{seq}",
            "journal": "3.0",
            "exec": "trade",
            "liquidity": liquidity,
        }


def test_an_amendment_is_told_before_the_trades_it_leads_to() -> None:
    """At the new price the order takes at once; the report of the amendment shows the new terms and no trade yet."""
    journaled = Journaled()
    journaled.send(sell("anna", 5, 101, "a-1"), buy("boris", 8, 100, "b-1"))

    heard = journaled.send(AmendOrder("boris", 2, price=units(101))).reports["boris"]

    assert [told(report) for report in heard] == [
        ("amended", "open", "0", "8", None, None),
        ("trade", "partially_filled", "5", "3", "101.00", None),
    ]
    assert heard[0]["reason"] == "requested"
    assert heard[0]["order"]["price"] == "101.00"


def test_an_order_amended_down_to_what_is_filled_is_filled() -> None:
    """There is nothing left to do for it, so its amendment is the end of it."""
    journaled = Journaled()
    journaled.send(buy("anna", 8, 100, "a-1"), sell("boris", 3, 100, "b-1"))

    [report] = journaled.send(AmendOrder("anna", 1, quantity=units(3))).reports["anna"]

    assert told(report) == ("amended", "filled", "3", "0", "100.00", None)


def test_self_trade_prevention_is_told_of_both_orders() -> None:
    """By decrement the survivor is amended, and shows what is still open; the other is canceled."""
    journaled = Journaled()
    journaled.send(sell("boris", 1, 99, "b-1"), sell("anna", 5, 100, "a-1"))

    heard = journaled.send(buy("anna", 8, 100, "a-2", self_trade=DECREMENT)).reports["anna"]

    assert [(report["order"]["client_order_id"], *told(report)) for report in heard] == [
        ("a-2", "accepted", "open", "0", "8", None, None),
        ("a-2", "trade", "partially_filled", "1", "7", "99.00", None),
        ("a-1", "canceled", "canceled", "0", "0", None, "self_trade"),
        ("a-2", "amended", "partially_filled", "1", "2", "99.00", None),
    ]
    assert heard[-1]["reason"] == "self_trade"


def test_an_order_that_ends_says_why() -> None:
    """Cancels and expiries carry the reason that the order ended for."""
    journaled = Journaled()
    journaled.send(
        buy("anna", 1, 100, "a-1"),
        buy("anna", 1, 99, "a-2", time_in_force=GTD, expires=OPENING + SECOND),
        buy("anna", 1, 98, "a-3"),
        sell("boris", 5, 100, "b-1", time_in_force=FOK),
    )
    journaled.now += SECOND

    answered = journaled.send(
        CancelOrder("anna", 1), sell("anna", 1, 98, "a-4", self_trade=CANCEL_BOTH), CancelAll("boris")
    )

    ended = [(report["exec"], report["order"]["reason"]) for report in answered.reports["anna"]]
    assert ended == [
        ("expired", "expired"),
        ("canceled", "requested"),
        ("accepted", None),
        ("canceled", "self_trade"),
        ("canceled", "self_trade"),
    ]


def test_refusals_and_repeats_make_no_report() -> None:
    """They are answers: nothing became of any order."""
    journaled = Journaled()
    placement = buy("anna", 1, 100, "a-1")
    journaled.send(placement)

    answered = journaled.send(placement, buy("anna", 2, 100, "a-1"), CancelOrder("anna", 9), CancelAll("boris"))

    assert [code for code, _ in answered.results] == ["", "client_order_id_reused", "unknown_order", ""]
    assert answered.output.reports == []


def test_an_account_s_reports_are_kept_up_to_its_bound() -> None:
    """Of more reports than the bound, those since an old one are not all there: a snapshot is required."""
    journaled = Journaled()
    journaled.partition.reports.held.own_max = 3
    journaled.send(*[buy("anna", 1, 100, f"a-{n}") for n in range(5)])

    assert [report["seq"] for report in journaled.ask("reports", account="anna", after=2)["reports"]] == [3, 4, 5]
    assert journaled.ask_for_answer("reports", account="anna", after=1)[0] == "snapshot_required"


def test_all_reports_are_kept_up_to_the_bound_of_all() -> None:
    """Those who have most give up their oldest; an account that was quiet keeps its reports, whatever others do."""
    journaled = Journaled()
    reports = journaled.partition.reports
    reports.held.own_max, reports.held.total_max = 8, 9
    journaled.send(buy("anna", 1, 100, "a-1"), buy("anna", 1, 100, "a-2"))
    journaled.send(*[buy("boris", 1, 100, f"b-{n}") for n in range(30)])
    journaled.send(*[buy("carla", 1, 100, f"c-{n}") for n in range(5)])

    assert [report["seq"] for report in journaled.ask("reports", account="anna", after=0)["reports"]] == [1, 2]
    held = {name: [report.seq for report in account.held.items] for name, account in reports.accounts.items()}
    assert held == {"anna": [1, 2], "boris": [28, 29, 30], "carla": [2, 3, 4, 5]}
    assert journaled.ask_for_answer("reports", account="boris", after=26)[0] == "snapshot_required"


def test_a_report_is_compact_json() -> None:
    """What travels is exactly the frame, without a space."""
    journaled = Journaled()
    [(account, data)] = journaled.send(buy("anna", 1, 100, "a-1")).output.reports
    text = data[data.index(b"{") :].decode()

    assert account == "anna"
    assert text == json.dumps(json.loads(text), separators=(",", ":"))


def test_what_was_due_before_an_amend_had_the_terms_of_before() -> None:
    """A call ends, and its trade is told, before the command that amends the order: at its price, of its total."""
    journaled = Journaled()
    journaled.send(SetPhase("ACME", AUCTION, OPERATOR, OPENING + SECOND))
    journaled.send(buy("anna", 5, 101, "a-1"), sell("boris", 2, 100, "b-1"))
    journaled.now += 2 * SECOND

    answered = journaled.send(AmendOrder("anna", 0, "ACME", "a-1", price=units(99), quantity=units(9)))

    told = [
        (report["exec"], report["order"]["price"], report["order"]["quantity"], report["order"]["open_quantity"])
        for report in answered.reports["anna"]
    ]
    assert told == [("trade", "101.00", "5", "3"), ("amended", "99.00", "9", "7")]
