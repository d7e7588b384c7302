"""streams/subjects.py: names that cannot be made to reach elsewhere."""

from __future__ import annotations

import pytest

from streams import subjects


@pytest.mark.parametrize("text", ["", "a.b", "*", ">", "a b", "a\r\nPUB x", "ä", "x" * 65])
def test_what_is_not_one_token_makes_no_subject(text: str) -> None:
    """Dots, wildcards, spaces and line ends never get into a subject."""
    for make in (subjects.reports, subjects.results, lambda t: subjects.market_data(t, "book")):
        with pytest.raises(ValueError, match="token"):
            make(text)


def test_subjects_are_those_of_the_protocol() -> None:
    """What subscribers with a NATS client rely on."""
    assert subjects.market_data("BRK-B", "book") == "md.BRK-B.book"
    assert subjects.every_market_data("instruments") == "md.*.instruments"
    assert (subjects.leading(2), subjects.every_leading()) == ("leading.2", "leading.*")
    assert subjects.reports("anna_1") == "exec.anna_1"
    assert (subjects.journal(3), subjects.journal_stream(3)) == ("orders.3", "ORDERS_3")
    assert (subjects.events(3), subjects.events_stream(3)) == ("events.3", "EVENTS_3")
