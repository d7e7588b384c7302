"""The operator's console: what an operator does there, a trader sees at once; a trader is not let in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect

from openbell.local.tokens import token_for
from tests.web.conftest import QUIET, Desk, Exchange
from tests.web.test_access import serious_faults


@pytest.fixture
def operator(exchange: Exchange, browser: Browser) -> Iterator[Callable[..., Desk]]:
    """Opens the console with a token that holds the scope `admin`."""
    contexts = []

    def make(width: int = 1440, height: int = 900, theme: str = "dark") -> Desk:
        token = token_for(exchange.data_dir, "operator", "read trade admin", 3_600)
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
        context.add_init_script(
            f"sessionStorage.setItem('openbell.token', '{token}');"
            f"localStorage.setItem('openbell.theme', '{json.dumps(theme)}')"
        )
        contexts.append(context)
        made = Desk(context.new_page(), exchange.url)
        made.page.goto(f"{exchange.url}/#console")
        made.wait_until_live()
        made.page.locator(".phases [data-symbol=QUIET]").wait_for()
        return made

    yield make
    for context in contexts:
        context.close()


def step(console: Desk, word: str, reason: str = "") -> None:
    """Bring the quiet instrument to another phase: chosen, then confirmed."""
    console.page.locator(".phases .reason").fill(reason)
    console.page.get_by_role("button", name=f"{word} {QUIET}", exact=True).click()
    console.page.get_by_role("button", name=f"Confirm: {word.lower()} {QUIET}").click()
    expect(console.page.get_by_role("button", name="Confirm")).to_have_count(0)


def test_a_trader_sees_no_console_and_its_api_refuses(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """Without the scope there is no way in: no door, no page behind the address, no answer to a request."""
    trader = desk()
    page = trader.page
    expect(page.get_by_role("link", name="Console")).to_have_count(0)
    page.goto(f"{exchange.url}/#console")
    expect(page.locator(".ticket")).to_be_visible()
    expect(page.locator(".kill")).to_have_count(0)
    token = page.evaluate("sessionStorage.getItem('openbell.token')")
    for path in ("partitions", "sessions"):
        refused = page.request.get(f"{exchange.url}/v1/admin/{path}", headers={"Authorization": f"Bearer {token}"})
        assert (refused.status, refused.json()["code"]) == (403, "forbidden")


def test_partitions_and_sessions_are_those_of_the_exchange(
    operator: Callable[..., Desk], desk: Callable[..., Desk]
) -> None:
    """Every partition with its leader and who is connected; without a standby nothing can be handed over."""
    desk("demo-4")
    page = operator().page
    expect(page.locator(".partitions tbody tr")).to_have_count(4)
    expect(page.locator(".partitions tbody tr").first).to_contain_text("led")
    checkpoint = page.locator(".partitions tbody tr").first.locator("td").nth(6)
    expect(checkpoint).to_have_text(re.compile(r"none|\d+ (s|min)"))
    expect(page.get_by_role("button", name="Hand over partition 0")).to_be_disabled()
    expect(page.locator(".sessions tbody")).to_contain_text("demo-4")
    expect(page.locator(".health")).to_contain_text("Partitions led")
    expect(page.locator(".health")).to_contain_text("4 of 4")
    expect(page.locator(".health")).to_contain_text("Fullest journal")
    expect(page.locator(".partitions tbody tr").first.locator("td").nth(7)).to_have_text(re.compile(r"\d+ %"))


@pytest.mark.parametrize(("width", "theme"), [(1440, "dark"), (1440, "light"), (390, "contrast")])
def test_axe_finds_no_serious_fault_in_the_console(operator: Callable[..., Desk], width: int, theme: str) -> None:
    """The console is as accessible as the rest, on a phone too, and nothing there is wider than the screen."""
    page = operator(width=width, theme=theme).page
    page.locator(".partitions tbody tr").first.wait_for()
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_a_halt_a_call_and_the_way_back_are_seen_by_traders(
    operator: Callable[..., Desk], desk: Callable[..., Desk]
) -> None:
    """Halt: the ticket says why and sends nothing. Call: the auction shows. Open: it uncrosses and trades again."""
    anna, boris, console = desk("demo-2"), desk("demo-3"), operator()
    step(console, "Halt", "news pending")
    expect(anna.page.locator(".phase")).to_have_text("Halted")
    expect(anna.page.locator(".outcome")).to_have_text("Trading is halted (news pending): only cancels are taken.")
    expect(anna.page.get_by_role("button", name=f"Buy {QUIET}")).to_be_disabled()
    step(console, "Resume")
    expect(anna.page.locator(".phase")).to_have_text("Continuous")
    console.page.locator(".phases .seconds").fill("600")
    step(console, "Call")
    expect(anna.page.locator(".auction .countdown")).to_contain_text(":")
    anna.send_order("Buy", "7", "50.40")
    boris.send_order("Sell", "5", "50.00")
    expect(anna.page.locator(".auction")).to_contain_text("Paired5", use_inner_text=False)
    expect(boris.page.locator(".auction")).to_contain_text("2 to buy")
    step(console, "Open")
    expect(anna.page.locator(".phase")).to_have_text("Continuous")
    expect(anna.page.locator(".notice")).to_contain_text(f"Bought 5 {QUIET}")
    expect(boris.page.locator(".tape [data-trade]").first).to_contain_text("Cross")
    expect(boris.page.locator(".orders .count")).to_have_text("0")
    boris.page.get_by_role("button", name="Positions", exact=True).click()
    expect(boris.page.locator(".orders tbody")).to_contain_text(QUIET)
    expect(console.page.locator(".audit tbody tr").first).to_contain_text("set phase")
    assert anna.faults + boris.faults == []


def test_the_kill_switch_is_typed_out_and_says_what_it_did(
    operator: Callable[..., Desk], desk: Callable[..., Desk], exchange: Exchange
) -> None:
    """It tells how many orders it will cancel, waits for the name, cancels them, and lets go on when it is lifted."""
    trader, console = desk("demo-5"), operator()
    for price in ("49.10", "49.20"):
        trader.send_order("Buy", "1", price)
        expect(trader.row(price).locator(".own.buy")).to_have_text("1")
    kill = console.page.locator(".kill")
    kill.get_by_role("button", name="Account", exact=True).click()
    kill.get_by_label("Account", exact=True).fill("demo-5")
    expect(kill.locator(".preview")).to_contain_text("2 open orders will be canceled")
    stop = kill.get_by_role("button", name="Stop demo-5")
    kill.get_by_label("to confirm").fill("demo-")
    expect(stop).to_be_disabled()
    kill.get_by_label("to confirm").fill("demo-5")
    stop.click()
    expect(kill.locator(".outcome")).to_have_text("Stopped account demo-5: 2 orders canceled.")
    expect(trader.orders()).to_have_count(0)
    expect(trader.page.locator(".notice").first).to_contain_text("was canceled: killed")
    trader.send_order("Buy", "1", "49.30")
    expect(trader.page.locator(".outcome.fault")).to_be_visible()
    assert exchange.book(QUIET)["bids"] == []
    kill.get_by_role("button", name="Let go on").click()
    expect(kill.locator(".switches")).to_contain_text("None.")
    trader.send_order("Buy", "1", "49.30")
    expect(trader.orders()).to_have_count(1)


def test_limits_of_an_account_are_changed(operator: Callable[..., Desk], desk: Callable[..., Desk]) -> None:
    """A largest order holds from then on, and an empty field takes it away again."""
    trader, console = desk("demo-6"), operator()
    limits = console.page.locator(".limits")
    limits.get_by_label("Account").fill("demo-6")
    limits.get_by_role("button", name="Show").click()
    limits.get_by_label("Largest order").fill("3")
    limits.get_by_role("button", name="Change limits of demo-6").click()
    expect(limits.get_by_role("status")).to_have_text("Changed max quantity.")
    trader.send_order("Buy", "4", "49.00")
    expect(trader.page.locator("#quantity-fault")).not_to_have_text("")
    limits.get_by_label("Largest order").fill("")
    limits.get_by_role("button", name="Change limits of demo-6").click()
    expect(limits.get_by_label("Largest order")).to_have_value("")
    expect(console.page.locator(".audit tbody tr").first).to_contain_text("max quantity")
    trader.send_order("Buy", "5", "49.00")
    expect(trader.orders()).to_have_count(1)


def test_a_trade_that_is_undone_is_seen_to_be(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """The tape and the own fill say so, the position is gone, and the feed has no gap."""
    exchange.api.put("/v1/admin/instruments/REGRET", {"tick_size": "0.01", "lot_size": "1"})
    buyer, seller = desk("demo-2"), desk("demo-3")
    for trader in (buyer, seller):
        trader.look("REGRET")
    seller.send_order("Sell", "3", "50.00")
    expect(buyer.row("50.00").locator(".ask .cell")).to_have_text("3")
    buyer.send_order("Buy", "3", "50.00")
    position = buyer.blotter("Positions").filter(has_text="REGRET")
    expect(position).to_contain_text("+3")
    trade = buyer.page.locator(".tape [data-trade='1']")
    expect(trade).to_contain_text("Buy")
    exchange.api.post("/v1/admin/trades/REGRET/1/bust", {"reason": "typed wrong"})
    expect(trade).to_contain_text("Undone")
    expect(position).to_have_count(0)
    expect(buyer.blotter("Fills").filter(has_text="REGRET")).to_contain_text("undone")
    buyer.wait_until_live()
    assert buyer.faults + seller.faults == []


def test_what_is_taken_off_the_exchange_is_left(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """Whoever looks at an instrument when it is delisted looks at another then, and finds it no more."""
    exchange.api.put("/v1/admin/instruments/BRIEF", {"tick_size": "0.01", "lot_size": "1"})
    trader = desk("demo-4")
    trader.look("BRIEF")
    exchange.api.post("/v1/admin/instruments/BRIEF/phase", {"phase": "closed"})
    expect(trader.page.locator(".phase")).to_have_text("Closed")
    exchange.api.delete("/v1/admin/instruments/BRIEF")
    expect(trader.page.locator(".headline .name")).not_to_have_text("BRIEF")
    expect(trader.page.locator(".watchlist")).not_to_contain_text("BRIEF")
    trader.wait_until_live()
    assert trader.faults == []
