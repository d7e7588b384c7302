import json

import pytest

from exchange.commands import AmendOrder, CancelAfter, CancelAll, CancelOrder, Command, Configure, Tick
from exchange.terms import GTD, IOC
from exchange.units import SECOND
from streams.wire import codec
from tests.support.journaled import CONFIGURE, OPENING, Journaled, buy, sell, units


def test_an_amendment_and_a_cancel_are_answered_with_the_order() -> None:
    """It is the order as the command has left it, without fills."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, 100, "a-1"))

    (_, amended), (_, canceled) = journaled.send(
        AmendOrder("anna", 0, "ACME", "a-1", quantity=units(3)), CancelOrder("anna", 1)
    ).results

    assert (amended["quantity"], amended["status"], "fills" in amended) == ("3", "open", False)
    assert (canceled["status"], canceled["open_quantity"], canceled["reason"]) == ("canceled", "0", "requested")


def test_an_order_that_finds_nothing_is_a_result() -> None:
    """It was taken and has expired: no error."""
    journaled = Journaled()

    [(code, order)] = journaled.send(buy("anna", 5, None, "a-1")).results

    assert (code, order["status"], order["reason"], order["price"]) == ("", "expired", "no_liquidity", None)


def test_canceling_all_is_answered_with_the_count() -> None:
    """None is an answer, too."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, 100, "a-1"), buy("anna", 5, 100, "a-2"))

    answered = journaled.send(CancelAll("anna"), CancelAll("anna"))

    assert answered.results == [("", {"canceled": 2}), ("", {"canceled": 0})]


def test_cancel_after_is_answered_with_the_deadline() -> None:
    """In journal time; null when it is off."""
    journaled = Journaled()

    answered = journaled.send(CancelAfter("anna", 5 * SECOND), CancelAfter("anna", 0))

    deadline = "2026-11-22T10:00:05.000000000Z"
    assert answered.results == [("", {"deadline": deadline}), ("", {"deadline": None})]


@pytest.mark.parametrize("command", [CONFIGURE, Tick()])
def test_what_has_nothing_to_tell_is_answered_with_an_empty_object(command: Configure | Tick) -> None:
    """Every command has an answer."""
    assert Journaled().send(command).results == [("", {})]


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (buy("anna", 5, "100.001", "a-9"), "price_off_tick", "price"),
        (buy("anna", 6, 100, "a-1"), "client_order_id_reused", "client_order_id"),
        (AmendOrder("anna", 1, price=units("100.001")), "price_off_tick", "price"),
        (AmendOrder("anna", 0, "ACME", "a-7"), "unknown_order", "client_order_id"),
        (CancelOrder("boris", 1), "unknown_order", "order_id"),
        (CancelAll("anna", "NONE"), "unknown_instrument", "symbol"),
        (CancelAfter("anna", -1), "bad_request", "seconds"),
    ],
)
def test_a_refusal_is_an_error_with_code_sentence_and_field(command: Command, code: str, field: str) -> None:
    """The code is told twice, beside the body and in it, because the error is passed on as it is."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, 100, "a-1"))

    [(told, error)] = journaled.send(command).results

    assert (told, error["code"], error["field"]) == (code, code, field)
    assert set(error) == {"code", "message", "field"}


def test_an_error_about_no_field_has_none() -> None:
    """The member is left out, not empty."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, 100, "a-1"))

    [(code, error)] = journaled.send(AmendOrder("anna", 1, quantity=units(5))).results

    assert (code, set(error)) == ("no_change", {"code", "message"})


def test_a_limit_is_printed_by_the_order_s_instrument() -> None:
    """An amendment names no symbol; its refusal still prints the tick as that instrument's."""
    journaled = Journaled()
    journaled.send(buy("anna", 5, 100, "a-1"))

    [(_, error)] = journaled.send(AmendOrder("anna", 1, price=units("100.001"))).results

    assert error["message"] == "price must be a multiple of the tick size 0.01"


def test_timers_do_not_answer_for_the_command() -> None:
    """Orders that expire before a command are reported, and the command has its own answer."""
    journaled = Journaled()
    journaled.send(
        buy("anna", 5, 100, "a-1", time_in_force=GTD, expires=OPENING + SECOND), sell("boris", 1, 101, "b-1")
    )
    journaled.now += SECOND

    answered = journaled.send(buy("carla", 1, 101, "c-1", time_in_force=IOC), Tick())

    assert [(code, body.get("client_order_id")) for code, body in answered.results] == [("", "c-1"), ("", None)]
    assert [report["exec"] for report in answered.reports["anna"]] == ["expired"]


def test_a_trade_of_the_next_command_is_not_in_this_one_s_answer() -> None:
    """In one message each command is answered before the next is carried out."""
    journaled = Journaled()

    (_, first), (_, second) = journaled.send(buy("anna", 5, 100, "a-1"), sell("boris", 2, 100, "b-1")).results

    assert (first["status"], first["filled_quantity"], first["fills"]) == ("open", "0", [])
    assert (second["status"], second["filled_quantity"]) == ("filled", "2")


@pytest.mark.parametrize("printed", range(3))
@pytest.mark.parametrize("amended", [False, True])
def test_an_answer_tells_the_end_whatever_was_printed_on_the_way(amended: bool, printed: int) -> None:
    """When nobody listens, an allowance still prints some reports: the answer is never what one of those said."""
    journaled = Journaled()
    journaled.send(sell("boris", 1, 100, "b-1"), *([buy("anna", 1, 99, "a-1")] if amended else []))
    crossing = AmendOrder("anna", 0, "ACME", "a-1", price=units(100)) if amended else buy("anna", 1, 100, "a-1")
    room = iter([True] * printed)

    data = codec.encode_batch("test", 9, [codec.encode_command(crossing)])
    output = journaled.partition.answer(
        data, 3, journaled.now, hears=lambda subject: subject == "exec.anna" and next(room, False)
    )

    assert output.results is not None
    [(code, body)] = codec.decode_results(output.results[1]).bodies
    order = json.loads(body)
    assert (code, order["status"], order["filled_quantity"], order["open_quantity"]) == ("", "filled", "1", "0")
