"""The screen and its connection: lost, back, resumed, and who is logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Browser, Page, expect

from tests.web.conftest import QUIET, Desk, Exchange, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

GIVEN_UP = 15_000
"""Milliseconds. A browser that is cut off may not hear that its socket has closed: ten seconds of silence tell it."""


def test_a_killed_gateway_is_survived_without_reload(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """The screen says down and greys, then is live by itself: same orders, the API's own book, nothing sent twice."""
    trader = desk()
    page = trader.page
    page.evaluate("window.neverReloaded = true")
    trader.send_order("Buy", "3", "49.95")
    expect(trader.orders()).to_have_count(1)
    page.get_by_role("switch").click()
    exchange.kill_gateway()
    expect(page.locator(".connection[data-state=down]")).to_contain_text("Down, reconnecting")
    expect(page.locator(".screen[data-connection=down]")).to_be_visible()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    trader.wait_until_live()
    expect(trader.orders()).to_have_count(1)
    expect(trader.row("49.95").locator(".bid")).to_have_text("3")
    assert exchange.book(QUIET)["bids"] == [["49.95", "3"]]
    trader.send_order("Buy", "2", "49.94")
    expect(trader.orders()).to_have_count(2)
    assert trader.methods().count("order.place") == 2
    assert page.evaluate("window.neverReloaded")
    assert [fault for fault in trader.faults if "ERR_CONNECTION" not in fault and "WebSocket" not in fault] == []


def test_fills_missed_while_away_are_told(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """A fill that happened while one trader's connection was lost is told to him when it is back."""
    anna, boris = desk("demo-4"), desk("demo-5")
    anna.send_order("Sell", "2", "50.20")
    expect(boris.row("50.20").locator(".ask")).to_have_text("2")
    anna.page.context.set_offline(offline=True)
    exchange.kill_gateway()
    expect(boris.page.locator(".connection[data-state=down]")).to_be_visible()
    expect(anna.page.locator(".connection[data-state=down]")).to_be_visible(timeout=GIVEN_UP)
    boris.wait_until_live()
    boris.send_order("Buy", "2", "50.20")
    expect(boris.page.locator(".notice")).to_contain_text("Bought 2")
    expect(anna.page.locator(".notice")).to_have_count(0)
    anna.page.context.set_offline(offline=False)
    expect(anna.page.locator(".notice")).to_contain_text(f"Sold 2 {QUIET} at 50.20", timeout=20_000)
    expect(anna.orders()).to_have_count(0)


def test_an_instrument_that_went_while_away_is_gone(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """What was delisted while the connection was lost is neither listed nor open when it is back, with no reload."""
    exchange.api.put("/v1/admin/instruments/PASSING", {"tick_size": "0.01", "lot_size": "1", "reference_price": "50"})
    trader = desk("demo-6")
    page = trader.page
    trader.look("PASSING")
    page.context.set_offline(offline=True)
    exchange.kill_gateway()
    expect(page.locator(".connection[data-state=down]")).to_be_visible(timeout=GIVEN_UP)
    wait_for(exchange.api.is_ready, 30)
    exchange.api.post("/v1/admin/instruments/PASSING/phase", {"phase": "closed"})
    exchange.api.delete("/v1/admin/instruments/PASSING")
    page.context.set_offline(offline=False)
    trader.wait_until_live()
    expect(page.locator(".opened", has_text="PASSING")).to_have_count(0)
    expect(page.locator(".watchlist tbody th", has_text="PASSING")).to_have_count(0)
    expect(page.locator(".headline .name")).not_to_have_text("PASSING")


def test_without_a_demo_a_token_is_asked_for(browser: Browser, exchange: Exchange) -> None:
    """Where no demo tokens are given the market is shown all the same, and trading begins with a pasted token."""
    context = browser.new_context()
    page = context.new_page()
    page.route("**/v1/demo/token", lambda route: route.fulfill(status=404, json={"code": "not_found"}))
    desk = Desk(page, exchange.url)
    desk.open()
    page.get_by_label("Access token").fill("nonsense")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not a token")
    page.get_by_label("Access token").fill(token_of(page, exchange, "demo-6"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Account").locator("option:checked")).to_have_text("demo-6")
    desk.send_order("Buy", "1", "49.70")
    expect(desk.orders()).to_have_count(1)
    page.get_by_role("button", name="Cancel buy 1").click()
    expect(desk.orders()).to_have_count(0)
    stored = page.evaluate(
        "[Object.keys(sessionStorage), JSON.stringify(localStorage).includes('eyJ'), document.cookie]"
    )
    assert stored == [["openbell.token"], False, ""]
    page.get_by_label("Account").select_option(label="Log out")
    expect(page.get_by_label("Access token")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    context.close()


def token_of(page: Page, exchange: Exchange, account: str) -> str:
    """A token that the page did not get itself."""
    answer = page.request.post(f"{exchange.url}/v1/demo/token", data={"account": account})
    return str(answer.json()["token"])
