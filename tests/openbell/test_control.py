"""`openbell admin …` against a real gateway: what it does, says, and asks before it cannot be undone."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from openbell.cli import app
from openbell.errors import Fault
from tests.support.gateway import gateway_parts, list_instrument, served, token
from tests.support.journaled import buy, sell
from tests.support.local_venue import LocalVenue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Desk:
    """An operator's terminal."""

    def __init__(self, venue: LocalVenue, address: str) -> None:
        self.venue = venue
        self._environ = {"OPENBELL_URL": f"http://{address}", "OPENBELL_TOKEN": token("operator", "admin")}

    async def type(self, *words: str, typed: str = "") -> Result:
        """Run `openbell admin` with these words; what is typed answers its questions."""
        return await asyncio.to_thread(
            CliRunner().invoke, app, ["admin", *words], input=typed, env=self._environ | {"COLUMNS": "200"}
        )

    async def say(self, *words: str, typed: str = "") -> str:
        """Run a command that must succeed; what it prints."""
        result = await self.type(*words, typed=typed)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    async def ask(self, *words: str) -> Any:
        """Run a command that prints JSON."""
        return json.loads(await self.say(*words, "--json"))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """ACME is listed, and anna has sold 2 of 5 to boris."""
    venue = LocalVenue()
    await list_instrument(venue)
    await venue.submit(0, sell("anna", 5, 10, "a-1"))
    await venue.submit(0, buy("boris", 2, 10, "b-1"))
    async with gateway_parts(venue) as services, served(services) as address:
        yield Desk(venue, address)


async def test_a_bust_is_done_when_its_trade_is_typed(desk: Desk) -> None:
    """Otherwise nothing is."""
    refused = await desk.type("bust", "ACME", "1", typed="ACME 2\n")
    assert isinstance(refused.exception, Fault)
    assert (await desk.ask("account", "boris"))["positions"] != []

    said = await desk.say("bust", "ACME", "1", "--reason", "wrong", typed="ACME 1\n")

    assert "Trade 1: 2 at 10.00 is undone." in said
    assert (await desk.ask("account", "boris"))["positions"] == []


async def test_a_script_says_yes_and_reads_json(desk: Desk) -> None:
    """Nothing is asked then."""
    assert (await desk.ask("bust", "ACME", "1", "--yes"))["bust"] is True


async def test_a_kill_switch_says_what_it_will_cancel(desk: Desk) -> None:
    """And is not thrown unless the account is typed."""
    refused = await desk.type("kill-switch", "on", "--account", "anna", typed="no\n")
    assert "Account anna will be stopped, and 1 open orders canceled." in refused.stderr
    assert "No kill switch is on." in await desk.say("kill-switch", "show")

    said = await desk.say("kill-switch", "on", "--account", "anna", typed="anna\n")

    assert "The kill switch for account anna is on; 1 orders were canceled." in said
    assert "account anna is stopped" in await desk.say("kill-switch", "show")
    assert "is off" in await desk.say("kill-switch", "off", "--account", "anna")


async def test_a_kill_switch_that_cancels_nothing_needs_no_word(desk: Desk) -> None:
    """It says what stays."""
    result = await desk.type("kill-switch", "on", "--symbol", "ACME")

    assert (result.exit_code, result.stderr) == (
        0,
        "1 open orders of symbol ACME stay; new ones and changes are refused.\n",
    )


async def test_limits_are_set_and_removed(desk: Desk) -> None:
    """What is left of them is shown."""
    await desk.say("limits", "anna", "--max-long", "100", "--taker-bps=-0.5", "--disable")
    [everywhere] = (await desk.ask("limits", "anna", "--remove", "max_long", "--enable"))["limits"]

    assert {name: value for name, value in everywhere.items() if value is not None} == {
        "enabled": True,
        "taker_bps": "-0.5",
    }
    assert isinstance((await desk.type("limits", "anna", "--remove", "leverage")).exception, Fault)


async def test_an_account_is_shown(desk: Desk) -> None:
    """Its cash, and a row for each position."""
    said = await desk.say("account", "anna")

    assert said.startswith("anna: cash 20, fees paid 0\n")
    assert "ACME" in said
    assert "-2" in said
    assert "no limit of its own" in said


async def test_the_audit_tells_who_did_what(desk: Desk) -> None:
    """Newest first."""
    await desk.say("limits", "anna", "--max-short", "0", "--reason", "no shorts")
    rows = (await desk.ask("audit"))["actions"]

    assert [(row["action"], row["principal"], row["reason"]) for row in rows[:2]] == [
        ("set_limits", "operator", "no shorts")
    ] * 2
    assert "no shorts" in await desk.say("audit", "--limit", "1")


async def test_a_listing_takes_every_term(desk: Desk) -> None:
    """Bands, calls, fees and LULD of a listing come back."""
    terms = ("--static-band-bps", "500", "--call-seconds", "60", "--maker-bps=-0.1", "--luld-tier", "2")

    listed = await desk.ask("list-instrument", "BETA", "--tick", "0.01", "--lot", "1", *terms)

    assert (listed["static_band_bps"], listed["call_seconds"], listed["maker_bps"]) == ("500", 60, "-0.1")
    assert listed["luld"]["tier"] == 2


async def test_a_calendar_that_nobody_has_is_refused(desk: Desk) -> None:
    """Its instruments would never open."""
    result = await desk.type("list-instrument", "BETA", "--tick", "0.01", "--lot", "1", "--calendar", "mars")

    assert "calendar must be round_the_clock or one that the workers have: none" in str(result.exception)
    listed = await desk.ask("list-instrument", "BETA", "--tick", "0.01", "--lot", "1", "--calendar", "round_the_clock")
    assert listed["calendar"] is None


@pytest.mark.parametrize(
    "words",
    [("phase", "closed"), ("phase", "closed", "ACME", "--all"), ("kill-switch", "maybe"), ("phase", "x", "ACME")],
)
async def test_what_makes_no_sense_is_said(desk: Desk, words: tuple[str, ...]) -> None:
    """Without a traceback."""
    assert isinstance((await desk.type(*words)).exception, Fault)
