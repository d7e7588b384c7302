"""The pictures of the README: made by a test, so that they show what there is.

With OPENBELL_SCREENSHOTS=1 they are written to docs/, after the market has traded for a while; otherwise only made.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.web.conftest import ROOT, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Desk

SHOTS = ROOT / "docs"
PNG = b"\x89PNG\r\n"


TRADES = 36
WRITING = bool(os.environ.get("OPENBELL_SCREENSHOTS"))


def folder(tmp_path: Path) -> Path:
    """Where pictures go."""
    return SHOTS if WRITING else tmp_path


def test_the_desk_on_a_picture(desk: Callable[..., Desk], tmp_path: Path) -> None:
    """The usual layout with a market that has traded, own orders and a fill."""
    trader = desk(
        "demo-7", width=1600, height=1000, reduced_motion="reduce", look={"candle": 1, "favourites": ["ACME"]}
    )
    page = trader.page
    trader.look("ACME")
    if WRITING:
        tape = page.locator(".tape [aria-rowcount]")
        wait_for(lambda: int(tape.get_attribute("aria-rowcount") or 0) > TRADES, seconds=110)
        page.reload()
        trader.wait_until_live()
        trader.look("ACME")
    price = float(page.locator(".headline .price").inner_text())
    for quantity, away in (("12", -0.6), ("7", -0.9)):
        trader.send_order("Buy", quantity, f"{price + away:.2f}")
        expect(page.locator(".outcome")).to_contain_text("open")
    trader.send_order("Sell", "9", f"{price + 0.8:.2f}")
    expect(trader.orders()).to_have_count(3)
    page.get_by_role("radio", name="Market", exact=True).check(force=True)
    page.locator("#quantity").fill("5")
    page.locator("#quantity").press("Enter")
    expect(page.locator(".notice")).to_be_visible()
    page.get_by_role("radio", name="Limit", exact=True).check(force=True)
    page.get_by_role("button", name="Dismiss").first.click()
    expect(page.locator(".canvas canvas").first).to_be_visible()
    assert page.screenshot(path=folder(tmp_path) / "screen.png").startswith(PNG)


def test_the_phone_on_a_picture(desk: Callable[..., Desk], tmp_path: Path) -> None:
    """The ladder at 390 px."""
    trader = desk("demo-8", width=390, height=844, device_scale_factor=2, reduced_motion="reduce")
    trader.look("EIDER")
    trader.tab("Trade")
    expect(trader.page.locator(".ladder [data-inside=buy]")).to_have_count(1)
    assert trader.page.screenshot(path=folder(tmp_path) / "screen-phone.png").startswith(PNG)
