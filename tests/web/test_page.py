"""The screen in a real browser against a real exchange: what a trader sees and does."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import QUIET, ROOT, Desk, Exchange

FIRST_LOAD_BYTES_MAX = 60_000
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"


def row(page: Page, price: str):
    """The ladder's row of a price."""
    return page.locator(f'.ladder tr[data-price="{price}"]')


def orders(page: Page):
    """The rows of the own open orders."""
    return page.locator(".orders tbody tr")


def test_the_market_moves_on_the_screen(desk) -> None:
    """With nothing done, prices in the list, depth in the ladder and trades on the tape move, and no fault shows."""
    trader = desk()
    trader.look("ACME")
    page = trader.page
    expect(page.locator(".instruments tbody tr", has_text="ACME")).to_be_visible()
    ladder = page.locator(".ladder tbody").inner_text()
    newest = page.locator(".tape tbody tr").first
    newest.wait_for()
    tape = newest.inner_text()
    expect(newest).not_to_have_text(tape, timeout=20_000, use_inner_text=True)
    assert page.locator(".ladder tbody").inner_text() != ladder
    expect(page.locator(".round-trip")).to_contain_text("ms")
    assert trader.faults == []


def test_an_order_rests_is_seen_and_is_canceled(desk, exchange: Exchange) -> None:
    """An order from the ticket rests on its row of the ladder and in the open orders until it is canceled."""
    trader = desk()
    page = trader.page
    trader.send_order("Buy", "7", "49.90")
    expect(page.locator(".outcome")).to_have_text(f"Buy 7 {QUIET} at 49.90: open.")
    expect(row(page, "49.90").locator(".bid")).to_have_text("7")
    expect(row(page, "49.90").locator(".own.buy")).to_have_text("7")
    expect(orders(page)).to_have_count(1)
    assert exchange.book(QUIET)["bids"] == [["49.90", "7"]]
    page.get_by_role("button", name=f"Cancel buy 7 {QUIET} at 49.90").click()
    expect(orders(page)).to_have_count(0)
    expect(row(page, "49.90").locator(".bid")).to_have_text("")
    assert exchange.book(QUIET)["bids"] == []
    assert trader.faults == []


def test_two_traders_fill_each_other(desk) -> None:
    """What one buys the other has sold: both are told, both tapes print it, the rest stays on both ladders."""
    anna, boris = desk("demo-2"), desk("demo-3")
    anna.send_order("Sell", "10", "50.10")
    expect(row(boris.page, "50.10").locator(".ask")).to_have_text("10")
    boris.send_order("Buy", "4", "50.10")
    expect(boris.page.locator(".outcome")).to_have_text(f"Buy 4 {QUIET}: filled at 50.10.")
    expect(boris.page.locator(".notice")).to_contain_text(f"Bought 4 {QUIET} at 50.10")
    expect(anna.page.locator(".notice")).to_contain_text(f"Sold 4 {QUIET} at 50.10")
    expect(row(anna.page, "50.10").locator(".own.sell")).to_have_text("6")
    for page in (anna.page, boris.page):
        expect(page.locator(".tape tbody tr").first).to_contain_text("50.10")
        expect(page.locator(".tape tbody tr").first).to_contain_text("Buy")
        expect(row(page, "50.10").locator(".ask")).to_have_text("6")
    assert anna.faults + boris.faults == []


def test_a_wrong_order_is_explained_and_not_sent(desk) -> None:
    """What the instrument's data forbids is said at its field before anything is sent."""
    trader = desk()
    page = trader.page
    trader.send_order("Buy", "1.5", "49.905")
    expect(page.locator("#quantity-fault")).to_have_text("Not a multiple of the lot size 1: 1 or 2 is.")
    expect(page.locator("#price-fault")).to_have_text("Not a multiple of the tick size 0.01: 49.90 or 49.91 is.")
    expect(page.locator("#price")).to_have_attribute("aria-invalid", "true")
    assert "order.place" not in trader.methods()


def test_the_exchange_has_the_last_word_in_the_same_place(desk, exchange: Exchange) -> None:
    """A refusal that only the exchange can know of is shown in the ticket, and goes when the order is changed."""
    terms = {"tick_size": "0.01", "lot_size": "1", "max_open_orders": 1}
    exchange.api.put("/v1/admin/instruments/STRICT", terms)
    trader = desk()
    trader.look("STRICT")
    trader.send_order("Buy", "5", "10.00")
    expect(orders(trader.page)).to_have_count(1)
    trader.send_order("Buy", "5", "9.99")
    expect(trader.page.locator(".outcome.fault")).to_contain_text("the most it may have")
    trader.page.locator("#price").fill("9.98")
    expect(trader.page.locator(".outcome")).to_have_text("")


def test_a_trade_by_keyboard_alone(desk) -> None:
    """From the list to an open order and back without a pointer: arrows step and walk, Enter sends, Escape clears."""
    trader = desk()
    page = trader.page
    page.locator("#quantity").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#quantity")).to_have_value("2")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#price")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(orders(page)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#price")).to_have_value("")
    page.locator(".ladder tbody tr th button[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#price")).to_have_value(page.locator(".ladder button:focus").inner_text())
    page.locator(".cancel").focus()
    page.keyboard.press("Enter")
    expect(orders(page)).to_have_count(0)


def test_a_killed_gateway_is_survived_without_reload(desk, exchange: Exchange) -> None:
    """The screen says down, then is live again by itself, with the same open order and the API's own book."""
    trader = desk()
    page = trader.page
    page.evaluate("window.neverReloaded = true")
    trader.send_order("Buy", "3", "49.95")
    expect(orders(page)).to_have_count(1)
    exchange.kill_gateway()
    expect(page.locator(".connection[data-state=down]")).to_be_visible()
    trader.wait_until_live()
    expect(orders(page)).to_have_count(1)
    expect(row(page, "49.95").locator(".bid")).to_have_text("3")
    assert exchange.book(QUIET)["bids"] == [["49.95", "3"]]
    trader.send_order("Buy", "2", "49.94")
    expect(orders(page)).to_have_count(2)
    assert trader.methods().count("order.place") == 2
    assert page.evaluate("window.neverReloaded")
    assert [fault for fault in trader.faults if "ERR_CONNECTION" not in fault and "WebSocket" not in fault] == []


def test_fills_missed_while_away_are_told(desk, exchange: Exchange) -> None:
    """A fill that happened while one trader's connection was lost is told to him when it is back."""
    anna, boris = desk("demo-4"), desk("demo-5")
    anna.send_order("Sell", "2", "50.20")
    expect(row(boris.page, "50.20").locator(".ask")).to_have_text("2")
    anna.page.context.set_offline(offline=True)
    exchange.kill_gateway()
    expect(anna.page.locator(".connection[data-state=down]")).to_be_visible()
    expect(boris.page.locator(".connection[data-state=down]")).to_be_visible()
    boris.wait_until_live()
    boris.send_order("Buy", "2", "50.20")
    expect(boris.page.locator(".notice")).to_contain_text("Bought 2")
    expect(anna.page.locator(".notice")).to_have_count(0)
    anna.page.context.set_offline(offline=False)
    expect(anna.page.locator(".notice")).to_contain_text(f"Sold 2 {QUIET} at 50.20", timeout=20_000)
    expect(orders(anna.page)).to_have_count(0)


def test_a_phone_has_no_sideways_scroll(desk) -> None:
    """At 390 px every part can be reached by its tab, nothing is wider than the screen, and an order can be sent."""
    trader = desk(width=390, height=844)
    page = trader.page
    for tab, part in (("Markets", ".instruments"), ("Tape", ".tape"), ("Orders", ".orders"), ("Trade", ".ladder")):
        page.locator(".tabs button", has_text=tab).click()
        expect(page.locator(part)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390, tab
    trader.send_order("Buy", "1", "49.80")
    page.locator(".tabs button", has_text="Orders").click()
    expect(orders(page)).to_have_count(1)


def test_the_first_load_is_small_and_stays_at_home(desk, exchange: Exchange) -> None:
    """All that the page loads comes compressed from its own origin, in less than 60 kB, under a strict policy."""
    trader = desk()
    policy = trader.page.request.get(exchange.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    sizes = trader.page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map((entry) => [entry.name, entry.transferSize])"
    )
    assert sum(size for _, size in sizes) < FIRST_LOAD_BYTES_MAX, sizes
    assert trader.faults == []


def test_without_a_demo_a_token_is_asked_for(browser, exchange: Exchange) -> None:
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
    expect(page.locator(".account")).to_have_text("demo-6")
    desk.send_order("Buy", "1", "49.70")
    expect(orders(page)).to_have_count(1)
    page.get_by_role("button", name="Cancel buy 1").click()
    expect(orders(page)).to_have_count(0)
    stored = page.evaluate("[sessionStorage.length, localStorage.length, document.cookie]")
    assert stored == [1, 0, ""]
    context.close()


def token_of(page: Page, exchange: Exchange, account: str) -> str:
    """A token that the page did not get itself."""
    answer = page.request.post(f"{exchange.url}/v1/demo/token", data={"account": account})
    return str(answer.json()["token"])


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_no_serious_fault(desk, scheme: str, width: int) -> None:
    """Labels, roles and contrast hold in both colour schemes, on a desk and on a phone."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed (npm ci in web/)")
    trader = desk(width=width, color_scheme=scheme, reduced_motion="reduce")
    trader.look("ACME")
    trader.send_order("Buy", "x", "y")
    trader.page.evaluate(AXE.read_text("utf-8"))
    found = trader.page.evaluate("axe.run().then((report) => report.violations)")
    serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], [node["html"] for node in fault["nodes"]][:3]) for fault in serious] == []


def test_an_account_sees_its_own_orders_alone(desk) -> None:
    """Open orders belong to the account that is chosen and to nobody else."""
    trader = desk()
    page = trader.page
    trader.send_order("Buy", "1", "49.60")
    expect(orders(page)).to_have_count(1)
    page.get_by_label("Account").select_option("demo-9")
    expect(page.get_by_text("demo-9 has no open orders.")).to_be_visible()
    page.get_by_label("Account").select_option("demo-1")
    expect(orders(page)).to_have_count(1)
