"""Who can use the screen: on a phone, without a pointer, with every theme, and how soon it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect

from tests.web.conftest import QUIET, ROOT, Exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Desk

FIRST_LOAD_BYTES_MAX = 150_000
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
TARGET_PX_MIN = 44
LOOKS = [(theme, palette) for theme in ("dark", "light", "contrast") for palette in ("classic", "colour-blind")]

SMALL_TARGETS = """
() => [...document.querySelectorAll("button, select, input, summary, a")]
  .filter((each) => each.checkVisibility() && each.tabIndex >= 0 && each.getBoundingClientRect().width > 0)
  .filter((each) => !each.closest("label")?.matches(".choice label, .check"))
  .map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
  .filter(([, box]) => Math.round(box.height) < LEAST || Math.round(box.width) < LEAST)
  .map(([html, box]) => `${Math.round(box.width)} × ${Math.round(box.height)}: ${html}`)
""".replace("LEAST", str(TARGET_PX_MIN))


def serious_faults(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds that keeps people out."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed (npm ci in web/)")
    # The page's policy runs no text as a script; the debugger of the browser may.
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run().then((report) => report.violations)")
    serious = [fault for fault in found if fault["impact"] in ("serious", "critical")]
    return [(fault["id"], [node["html"][:160] for node in fault["nodes"]][:4]) for fault in serious]


@pytest.mark.parametrize(("theme", "palette"), LOOKS)
def test_axe_finds_no_serious_fault(desk: Callable[..., Desk], theme: str, palette: str) -> None:
    """Labels, roles and contrast hold in every theme with both palettes, with an error, an order and a dialog shown."""
    trader = desk(look={"theme": theme, "palette": palette}, reduced_motion="reduce")
    page = trader.page
    trader.send_order("Buy", "2", "49.90")
    expect(trader.orders()).to_have_count(1)
    trader.send_order("Sell", "x", "y")
    page.get_by_role("switch").click()
    assert serious_faults(page) == []
    page.get_by_role("button", name="Hot keys and help").click()
    assert serious_faults(page) == []


@pytest.mark.parametrize("layout", ["ladder", "chart", "quiet"])
def test_axe_finds_no_serious_fault_in_any_layout(desk: Callable[..., Desk], layout: str) -> None:
    """The same for the parts that the usual layout does not show."""
    trader = desk(look={"layout": layout}, reduced_motion="reduce")
    trader.look("ACME")
    assert serious_faults(trader.page) == []


def test_a_phone_reaches_everything(desk: Callable[..., Desk]) -> None:
    """At 390 px nothing is wider than the screen, every target fits a finger, and each tab is as accessible."""
    trader = desk(width=390, height=844, has_touch=True, reduced_motion="reduce")
    page = trader.page
    trader.tab("Trade")
    trader.send_order("Buy", "1", "49.80")
    for tab, part in (
        ("Markets", ".watchlist"),
        ("Chart", ".chart"),
        ("Book", ".book"),
        ("Orders", ".orders"),
        ("Trade", ".ladder"),
    ):
        trader.tab(tab)
        expect(page.locator(part)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390, tab
        assert page.evaluate(SMALL_TARGETS) == [], tab
        assert serious_faults(page) == [], tab
    trader.tab("Orders")
    page.get_by_role("button", name="Amend quantity 1").tap()
    page.get_by_label("New quantity").fill("2")
    page.get_by_label("New quantity").press("Enter")
    expect(page.get_by_role("button", name="Amend quantity 2")).to_be_visible()
    trader.tab("Trade")
    trader.row("49.80").locator(".own.buy button").tap()
    expect(page.locator(".ladder .own button")).to_have_count(0)
    trader.tab("Orders")
    expect(trader.orders()).to_have_count(0)
    assert trader.faults == []


def test_the_first_load_is_small_quick_and_stays_at_home(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """All that is loaded comes compressed from the page's own origin, less than 150 kB with the charts."""
    trader = desk()
    page = trader.page
    policy = page.request.get(exchange.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    expect(page.locator(".canvas canvas").first).to_be_visible()
    sizes = page.evaluate(
        "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".filter((entry) => !entry.name.includes('/v1/')).map((entry) => [entry.name, entry.transferSize])"
    )
    assert 0 < sum(size for _, size in sizes) < FIRST_LOAD_BYTES_MAX, sizes
    page.get_by_role("button", name="Depth", exact=True).click()
    expect(page.locator(".canvas .u-over")).to_be_visible()
    assert trader.faults == []


def test_everything_but_the_page_is_kept_for_ever(desk: Callable[..., Desk], exchange: Exchange) -> None:
    """A second visit asks for the page alone: the names of the rest carry a hash of their content."""
    page = desk().page
    names = page.evaluate("performance.getEntriesByType('resource').map((entry) => entry.name)")
    assets = [name for name in names if "/assets/" in name]
    assert len(assets) >= 2
    for name in assets:
        answer = page.request.get(name, headers={"Accept-Encoding": "br"})
        assert "immutable" in answer.headers["cache-control"], name
    assert page.request.get(exchange.url).headers["cache-control"] == "no-cache"


def test_empty_parts_say_so(desk: Callable[..., Desk]) -> None:
    """Empty parts are explained in words, never left blank."""
    page = desk("demo-8").page
    expect(page.get_by_text("demo-8 has no open orders.")).to_be_visible()
    for part, words in (
        ("Fills", "No fill in this session yet."),
        ("History", "No order has ended in this session yet."),
    ):
        page.get_by_role("button", name=part, exact=True).click()
        expect(page.get_by_text(words)).to_be_visible()
    assert QUIET in page.locator(".headline").inner_text()
