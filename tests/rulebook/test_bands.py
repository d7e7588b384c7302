"""docs/rules.md, "Bands" and "LULD", over the public API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rulebook.floor import MakeFloor

if TYPE_CHECKING:
    pass

BANDS = {"reference_price": "100", "static_band_bps": "500", "call_seconds": 1, "call_extensions": 0}
LULD = {"window_seconds": 5, "hold_seconds": 1, "limit_state_seconds": 1, "call_seconds": 1, "extension_seconds": 1}


@pytest.mark.parametrize(
    ("tick", "reference", "bps", "bands"),
    [
        ("1", "100", "500", "95-105"),
        ("1", "101", "500", "96-106"),
        ("0.5", "101", "500", "96-106"),
        ("0.01", "101", "500", "95.95-106.05"),
    ],
)
async def test_published_bands_are_whole_ticks_inside(
    floor: MakeFloor, tick: str, reference: str, bps: str, bands: str
) -> None:
    """The outermost prices, in ticks, that may trade."""
    f = await floor(tick_size=tick, reference_price=reference, static_band_bps=bps)
    assert await f.bands() == bands


async def test_an_order_trades_up_to_the_band_and_starts_a_call(floor: MakeFloor) -> None:
    """What would trade beyond starts a volatility call, in which the order's rest takes part; then trading goes on."""
    f = await floor(**BANDS)
    await f.sell("s1", 2, 104)
    await f.sell("s2", 2, 106)
    await f.buy("b", 3, 106)
    assert await f.tape() == ["2@104 b s1"]
    status = await f.status()
    assert (status["phase"], status["kind"]) == ("auction", "volatility")
    assert await f.indication() == "1@106 surplus 1 sell"
    await f.until_phase("continuous")
    assert await f.tape() == ["2@104 b s1", "1@106 b s2"]
    assert await f.bands() == "101-111"


async def test_the_edge_trades(floor: MakeFloor) -> None:
    """A price at the band is inside."""
    f = await floor(**BANDS)
    await f.sell("s1", 2, 105)
    await f.buy("b", 2, 105)
    assert await f.tape() == ["2@105 b s1"]
    assert (await f.status())["phase"] == "continuous"


async def test_a_resting_price_beyond_the_band_starts_nothing(floor: MakeFloor) -> None:
    """Only what would trade beyond it does."""
    f = await floor(**BANDS)
    await f.buy("b", 2, 120)
    await f.sell("s0", 1, 150)
    assert (await f.status())["phase"] == "continuous"


async def test_a_market_order_goes_on_as_a_market_order(floor: MakeFloor) -> None:
    """In the call the rest of a market order is one; what is left of it expires at the end."""
    f = await floor(**BANDS)
    await f.sell("s1", 2, 104)
    await f.sell("s2", 2, 106)
    await f.buy("b", 5, type="market")
    assert (await f.status())["kind"] == "volatility"
    await f.until_phase("continuous")
    assert await f.tape() == ["2@104 b s1", "2@106 b s2"]
    assert await f.state("b") == "expired auction_ended"


async def test_ioc_and_fok_at_the_band(floor: MakeFloor) -> None:
    """The rest of an IOC expires (`volatility`) and the call starts; a FOK is killed and none starts."""
    f = await floor(**BANDS)
    await f.sell("s1", 2, 104)
    await f.sell("s2", 2, 106)
    assert (await f.buy("fok", 3, 106, tif="fok"))["status"] == "expired"
    assert await f.trades() == []
    assert (await f.status())["phase"] == "continuous"
    ioc = await f.buy("ioc", 3, 106, tif="ioc")
    assert (ioc["status"], ioc["reason"], ioc["filled_quantity"]) == ("expired", "volatility", "2")
    assert (await f.status())["kind"] == "volatility"


async def test_the_dynamic_band_follows_the_last_trade(floor: MakeFloor) -> None:
    """It lies round the last trade; during one incoming order it is fixed."""
    f = await floor(reference_price="100", dynamic_band_bps="200", call_seconds=1, call_extensions=0)
    assert await f.bands() == "98-102"
    for price in (101, 102, 103):
        await f.sell(f"s{price}", 1, price)
    await f.buy("b", 3, 103)
    assert await f.tape() == ["1@101 b s101", "1@102 b s102"]
    assert (await f.status())["kind"] == "volatility"
    await f.until_phase("continuous")
    assert (await f.tape())[2:] == ["1@103 b s103"]
    assert await f.bands() == "101-105"


async def test_the_narrower_of_both_bands_counts(floor: MakeFloor) -> None:
    """Static and dynamic together: the outermost prices that may trade are inside both."""
    f = await floor(reference_price="100", static_band_bps="500", dynamic_band_bps="1000")
    assert await f.bands() == "95-105"


@pytest.mark.parametrize(
    ("tier", "tick", "reference", "bands"),
    [
        (1, "1", "100", "95-105"),
        (2, "1", "100", "90-110"),
        (1, "0.01", "3.01", "2.86-3.16"),
        (1, "0.01", "3", "2.4-3.6"),
        (2, "0.01", "3", "2.4-3.6"),
        (1, "0.01", "0.75", "0.6-0.9"),
        (1, "0.01", "0.5", "0.35-0.65"),
        (1, "0.01", "0.1", "0.03-0.17"),
    ],
)
async def test_luld_bands(floor: MakeFloor, tier: int, tick: str, reference: str, bands: str) -> None:
    """5 % or 10 % above 3.00; 20 % from 0.75 to 3.00, both included; below, the lesser of 0.15 and 75 %."""
    f = await floor(tick_size=tick, lot_size="1", reference_price=reference, luld={"tier": tier, **LULD})
    assert await f.bands() == bands


async def test_luld_expires_what_is_beyond(floor: MakeFloor) -> None:
    """An order trades up to the band; what would trade beyond or is priced beyond expires; resting orders stay."""
    f = await floor(reference_price="100", luld={"tier": 1, **LULD})
    await f.sell("s1", 2, 104)
    answer = await f.buy("b", 3, 106)
    assert (answer["status"], answer["reason"], answer["filled_quantity"]) == ("expired", "outside_band", "2")
    sell = await f.sell("low", 1, 94)
    assert (sell["status"], sell["reason"]) == ("expired", "outside_band")
    ioc = await f.buy("ioc", 1, 120, tif="ioc")
    assert (ioc["status"], ioc["reason"]) == ("expired", "outside_band")
    assert (await f.status())["phase"] == "continuous"


async def test_luld_first_reference_is_replaced_at_once(floor: MakeFloor) -> None:
    """The first reference gives way to the mean of the trades as soon as that moved by 1 %."""
    f = await floor(reference_price="100", luld={"tier": 1, **LULD, "hold_seconds": 60})
    await f.sell("s1", 2, 104)
    await f.buy("b1", 2, 104)
    assert await f.bands() == "99-109"
    await f.sell("s2", 2, 108)
    await f.buy("b2", 2, 108)
    assert await f.bands() == "99-109"


async def test_luld_market_order_beyond(floor: MakeFloor) -> None:
    """A market order too stops at the band."""
    f = await floor(reference_price="100", luld={"tier": 1, **LULD})
    await f.sell("s1", 2, 104)
    await f.sell("s2", 2, 120)
    answer = await f.buy("b", 4, type="market")
    assert (answer["status"], answer["reason"], answer["filled_quantity"]) == ("expired", "outside_band", "2")


async def test_limit_state_and_pause(floor: MakeFloor) -> None:
    """Best bid at the upper band is a limit state; so long of it brings a reopening call, and then trading."""
    f = await floor(reference_price="100", luld={"tier": 1, **LULD})
    await f.buy("b", 1, 105)
    assert (await f.status())["phase"] == "continuous"
    status = await f.until_phase("auction")
    assert status["kind"] == "reopening"
    await f.until_phase("continuous")


async def test_a_limit_state_that_ends_in_time(floor: MakeFloor) -> None:
    """Nothing happens if it is left before."""
    f = await floor(reference_price="100", luld={"tier": 1, **LULD, "limit_state_seconds": 3})
    await f.buy("b", 1, 105)
    await f.cancel("b")
    await f.sell("s", 1, 100)
    await f.buy("c", 1, 100)
    assert (await f.status())["phase"] == "continuous"
