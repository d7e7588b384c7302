"""Traders at the screen, in a real browser against a real exchange: what each does and what both then see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

from tests.web.conftest import QUIET, Desk, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable


def arm(trader: Desk, quantity: str) -> None:
    """Switch clicks on the ladder on."""
    trader.page.locator(".arm input").fill(quantity)
    trader.page.get_by_role("switch").click()
    expect(trader.page.get_by_role("switch")).to_have_attribute("aria-checked", "true")


def drag(page: Page, source: str, target: str) -> None:
    """Drag with the mouse from the middle of one element to the middle of another."""
    places = [page.locator(selector).bounding_box() for selector in (source, target)]
    assert all(places)
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in places if box]
    page.mouse.move(*middles[0])
    page.mouse.down()
    page.mouse.move(*middles[1], steps=5)
    page.mouse.up()


def test_the_market_moves_on_the_screen(desk: Callable[..., Desk]) -> None:
    """With nothing done, prices in the list, depth in the ladder and trades on the tape move, and no fault shows."""
    trader = desk()
    trader.look("ACME")
    page = trader.page
    expect(page.locator(".watchlist tbody tr", has_text="ACME")).to_be_visible()
    ladder = page.locator(".ladder tbody").inner_text()
    newest = page.locator(".tape [data-trade]").first
    newest.wait_for()
    tape = newest.inner_text()
    expect(newest).not_to_have_text(tape, timeout=20_000, use_inner_text=True)
    assert page.locator(".ladder tbody").inner_text() != ladder
    expect(page.locator(".round-trip")).to_contain_text("ms")
    expect(page.locator(".canvas canvas").first).to_be_visible()
    page.get_by_role("button", name="Depth", exact=True).click()
    expect(page.locator(".canvas .u-over")).to_be_visible()
    assert trader.faults == []


def test_an_order_rests_is_seen_and_is_canceled(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """An order from the ticket rests on its row of the ladder and in the open orders until it is canceled."""
    trader = desk()
    page = trader.page
    trader.send_order("Buy", "7", "49.90")
    expect(page.locator(".outcome")).to_have_text(f"Buy 7 {QUIET} at 49.90: open.")
    expect(trader.row("49.90").locator(".bid")).to_have_text("7")
    expect(trader.row("49.90").locator(".own.buy")).to_have_text("7")
    expect(trader.orders()).to_have_count(1)
    assert exchange.book(QUIET)["bids"] == [["49.90", "7"]]
    page.get_by_role("button", name=f"Cancel buy 7 {QUIET} at 49.90").click()
    expect(trader.orders()).to_have_count(0)
    expect(trader.row("49.90").locator(".bid")).to_have_text("")
    assert exchange.book(QUIET)["bids"] == []
    assert trader.faults == []


def test_two_traders_fill_each_other(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """What one buys the other has sold: both are told, both tapes print it, and depth agrees with the API."""
    anna, boris = desk("demo-2"), desk("demo-3")
    anna.send_order("Sell", "10", "50.10")
    expect(boris.row("50.10").locator(".ask")).to_have_text("10")
    boris.send_order("Buy", "4", "50.10")
    expect(boris.page.locator(".outcome")).to_have_text(f"Buy 4 {QUIET}: filled at 50.10.")
    expect(boris.page.locator(".notice")).to_contain_text(f"Bought 4 {QUIET} at 50.10")
    expect(anna.page.locator(".notice")).to_contain_text(f"Sold 4 {QUIET} at 50.10")
    expect(anna.row("50.10").locator(".own.sell")).to_have_text("6")
    for trader, word in ((anna, "Sell"), (boris, "Buy")):
        newest = trader.page.locator(".tape [data-trade]").first
        expect(newest).to_contain_text("50.10")
        expect(newest).to_contain_text("Buy")
        expect(trader.row("50.10").locator(".ask")).to_have_text("6")
        expect(trader.row("50.10").locator(".traded")).not_to_have_text("")
        fills = trader.blotter("Fills")
        expect(fills).to_have_count(1)
        expect(fills.first).to_contain_text(word)
        expect(fills.first).to_contain_text("50.10")
    expect(boris.blotter("History").first).to_contain_text("4 of 4")
    assert exchange.book(QUIET)["asks"] == [["50.10", "6"]]
    assert anna.faults + boris.faults == []


def test_clicks_on_an_armed_ladder_trade(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """Unarmed a click fills the ticket; armed it is an order; on an own order it cancels; a drag amends."""
    anna, boris = desk("demo-2"), desk("demo-3")
    anna.row("49.95").locator(".bid").click()
    expect(anna.page.locator("#price")).to_have_value("49.95")
    assert "order.place" not in anna.methods()
    arm(anna, "5")
    anna.row("49.95").locator(".bid").click()
    expect(anna.row("49.95").locator(".own.buy")).to_have_text("5")
    expect(boris.row("49.95").locator(".bid")).to_have_text("5")
    before = anna.orders().first.get_attribute("data-order")
    drag(anna.page, '.ladder tr[data-price="49.95"] .own.buy button', '.ladder tr[data-price="49.97"] .own.buy')
    expect(boris.row("49.97").locator(".bid")).to_have_text("5")
    expect(boris.row("49.95").locator(".bid")).to_have_text("")
    assert anna.orders().first.get_attribute("data-order") == before
    assert anna.methods().count("order.place") == 1
    arm(boris, "2")
    boris.row("49.97").locator(".ask").click()
    expect(anna.row("49.97").locator(".own.buy")).to_have_text("3")
    expect(boris.page.locator(".notice")).to_contain_text(f"Sold 2 {QUIET} at 49.97")
    assert exchange.book(QUIET)["bids"] == [["49.97", "3"]]
    anna.row("49.97").locator(".own.buy button").click()
    expect(boris.row("49.97").locator(".bid")).to_have_text("")
    expect(anna.orders()).to_have_count(0)
    assert anna.faults + boris.faults == []


def test_the_arm_is_off_at_first_and_after_another_instrument(desk: Callable[..., Desk]) -> None:
    """Nothing that was armed for one instrument trades in another."""
    trader = desk()
    expect(trader.page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    arm(trader, "1")
    trader.look("ACME")
    expect(trader.page.get_by_role("switch")).to_have_attribute("aria-checked", "false")


def test_an_order_is_amended_where_it_stands(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """A number of an open order is a field when it is pressed: wrong ones are explained, Escape leaves, Enter sends."""
    trader = desk()
    page = trader.page
    trader.send_order("Buy", "7", "49.90")
    page.get_by_role("button", name="Amend price 49.90").click()
    page.keyboard.type("49.905")
    page.keyboard.press("Enter")
    expect(page.locator(".amending .fault")).to_contain_text("tick size")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Amend quantity 7").click()
    page.get_by_label("New quantity").fill("9")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Amend quantity 9")).to_be_visible()
    page.get_by_role("button", name="Amend price 49.90").click()
    page.get_by_label("New price").fill("49.80")
    page.keyboard.press("Enter")
    expect(trader.row("49.80").locator(".bid")).to_have_text("9")
    assert exchange.book(QUIET)["bids"] == [["49.80", "9"]]
    assert trader.methods().count("order.amend") == 2
    assert trader.faults == []


def test_hot_keys_work_on_the_active_panel_alone(desk: Callable[..., Desk]) -> None:
    """L makes the ladder active, A arms it, B joins the bid, X cancels; in a field the same keys are letters."""
    trader = desk()
    page = trader.page
    trader.send_order("Buy", "1", "49.90")
    trader.send_order("Sell", "1", "50.10")
    expect(trader.orders()).to_have_count(2)
    page.locator("#quantity").fill("")
    page.keyboard.type("labx?")
    expect(page.locator("#quantity")).to_have_value("labx?")
    expect(page.locator("dialog")).to_have_count(0)
    page.locator("#quantity").blur()
    page.keyboard.press("b")
    page.keyboard.press("l")
    expect(page.locator(".panel[data-active=true] h2")).to_have_text("Ladder")
    page.keyboard.press("b")
    expect(trader.orders()).to_have_count(2)
    page.keyboard.press("a")
    page.keyboard.press("b")
    expect(trader.row("49.90").locator(".own.buy")).to_have_text("2")
    page.keyboard.press("o")
    expect(page.locator(".panel[data-active=true] h2")).to_contain_text("Orders")
    page.keyboard.press("x")
    expect(trader.orders()).to_have_count(2)
    page.keyboard.press("l")
    page.keyboard.press("x")
    expect(trader.orders()).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Arm or disarm the ladder")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_cancel_all_cancels_everywhere(desk: Callable[..., Desk]) -> None:
    """One press ends every open order in every instrument, and says how many they were."""
    trader = desk()
    for price in ("49.90", "49.91"):
        trader.send_order("Buy", "1", price)
        expect(trader.row(price).locator(".own.buy")).to_have_text("1")
    trader.look("COBALT")
    trader.send_order("Buy", "5", "200.00")
    expect(trader.orders()).to_have_count(3)
    trader.page.get_by_role("button", name="Cancel all").click()
    expect(trader.orders()).to_have_count(0)
    expect(trader.page.locator(".notice")).to_contain_text("Canceled 3 orders")


def test_blotters_come_out_as_csv(desk: Callable[..., Desk]) -> None:
    """What is open leaves as a sheet with the exchange's own names."""
    trader = desk()
    trader.send_order("Buy", "3", "49.90")
    expect(trader.orders()).to_have_count(1)
    with trader.page.expect_download() as saved:
        trader.page.get_by_role("button", name="CSV").click()
    lines = saved.value.path().read_text("utf-8").splitlines()
    assert lines[0].startswith("order_id,client_order_id,symbol,side,type")
    assert f",{QUIET},buy,limit,gtc,49.90,,3,0," in lines[1]
    assert len(lines) == 2


def test_every_kind_of_order_says_what_became_of_it(desk: Callable[..., Desk]) -> None:
    """Market, at once or never, whole or never, post-only, until a time, iceberg: each answer is in the ticket."""
    anna, boris = desk("demo-2"), desk("demo-3")
    page, outcome = boris.page, boris.page.locator(".outcome")
    anna.send_order("Sell", "10", "50.00")
    expect(boris.row("50.00").locator(".ask")).to_have_text("10")
    page.get_by_label("Good").select_option("fok")
    boris.send_order("Buy", "11", "50.00")
    expect(outcome).to_have_text(f"Buy 11 {QUIET}: expired, nothing left to trade with.")
    page.get_by_label("Good").select_option("ioc")
    boris.send_order("Buy", "2", "50.00")
    expect(outcome).to_have_text(f"Buy 2 {QUIET}: filled at 50.00.")
    page.get_by_label("Good").select_option("gtc")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Post-only").check()
    boris.send_order("Buy", "2", "50.00")
    expect(page.locator("#price-fault, .outcome.fault")).to_contain_text("post-only order must not trade at once")
    page.get_by_label("Post-only").uncheck()
    page.get_by_role("radio", name="Market", exact=True).check(force=True)
    page.locator("#quantity").fill("3")
    page.locator("#quantity").press("Enter")
    expect(outcome).to_have_text(f"Buy 3 {QUIET}: filled at 50.00.")
    page.get_by_role("radio", name="Limit", exact=True).check(force=True)
    page.locator("#display_quantity").fill("2")
    page.get_by_label("Good").select_option("gtd")
    page.get_by_label("Expires").fill("2099-01-01T00:00")
    boris.send_order("Buy", "20", "49.50")
    expect(outcome).to_have_text(f"Buy 20 {QUIET} at 49.50: open.")
    expect(boris.orders().first).to_contain_text("GTD, shows 2")
    expect(anna.row("49.50").locator(".bid")).to_have_text("2")


def test_a_wrong_order_is_explained_and_not_sent(desk: Callable[..., Desk]) -> None:
    """What the instrument's data forbids is said at its field before anything is sent."""
    trader = desk()
    page = trader.page
    trader.send_order("Buy", "1.5", "49.905")
    expect(page.locator("#quantity-fault")).to_have_text("Not a multiple of the lot size 1: 1 or 2 is.")
    expect(page.locator("#price-fault")).to_have_text("Not a multiple of the tick size 0.01: 49.90 or 49.91 is.")
    expect(page.locator("#price")).to_have_attribute("aria-invalid", "true")
    assert "order.place" not in trader.methods()


def test_the_exchange_has_the_last_word_in_the_same_place(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """A refusal that only the exchange can know of is shown in the ticket, and goes when the order is changed."""
    terms = {"tick_size": "0.01", "lot_size": "1", "max_open_orders": 1}
    exchange.api.put("/v1/admin/instruments/STRICT", terms)
    trader = desk()
    trader.look("STRICT")
    trader.send_order("Buy", "5", "10.00")
    expect(trader.orders()).to_have_count(1)
    trader.send_order("Buy", "5", "9.99")
    expect(trader.page.locator(".outcome.fault")).to_contain_text("at most 1 open orders here")
    trader.page.locator("#price").fill("9.98")
    expect(trader.page.locator(".outcome")).to_have_text("")


def test_a_trade_by_keyboard_alone(desk: Callable[..., Desk]) -> None:
    """From the search to a fill without a pointer: Ctrl-K finds, Tab and arrows fill the ticket, Enter sends."""
    boris = desk("demo-3")
    boris.send_order("Sell", "2", "50.00")
    trader = desk()
    page = trader.page
    trader.look("ACME")
    page.keyboard.press("Control+k")
    page.keyboard.type(QUIET[:3])
    page.keyboard.press("Enter")
    expect(page.locator(".headline .name")).to_have_text(QUIET)
    expect(trader.row("50.00").locator(".ask")).to_have_text("2")
    for _ in range(80):
        if page.evaluate("document.activeElement?.id") == "quantity":
            break
        page.keyboard.press("Tab")
    expect(page.locator("#quantity")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#quantity")).to_have_value("2")
    page.keyboard.press("Tab")
    expect(page.locator("#price")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#price")).to_have_value("50.00")
    page.keyboard.press("Enter")
    expect(page.locator(".outcome")).to_have_text(f"Buy 2 {QUIET}: filled at 50.00.")
    page.keyboard.press("Escape")
    expect(page.locator("#price")).to_have_value("")
    page.locator("#quantity").blur()
    page.keyboard.press("l")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#price")).to_have_value(page.locator(".ladder button:focus").inner_text())
    assert trader.faults == []


def test_an_account_sees_its_own_orders_alone(desk: Callable[..., Desk]) -> None:
    """Open orders belong to the account that is chosen and to nobody else."""
    trader = desk()
    page = trader.page
    trader.send_order("Buy", "1", "49.60")
    expect(trader.orders()).to_have_count(1)
    trader.become("demo-9")
    expect(page.get_by_text("demo-9 has no open orders.")).to_be_visible()
    trader.become("demo-1")
    expect(trader.orders()).to_have_count(1)


def test_favourites_and_layouts_stay(desk: Callable[..., Desk]) -> None:
    """What was chosen of the look is there again when the page is loaded again."""
    trader = desk()
    page = trader.page
    page.get_by_role("button", name="HARRIER as a favourite").click()
    expect(page.locator(".watchlist tbody tr").first).to_contain_text("HARRIER")
    page.get_by_role("button", name="Look and layout").click()
    page.get_by_role("button", name="Light", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Chart", exact=True).click()
    page.keyboard.press("Escape")
    expect(page.locator(".ladder")).to_have_count(0)
    page.reload()
    trader.wait_until_live()
    expect(page.locator("html[data-theme=light]")).to_have_count(1)
    expect(page.locator(".book")).to_be_visible()
    expect(page.locator(".watchlist tbody tr").first).to_contain_text("HARRIER")
