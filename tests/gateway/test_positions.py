"""The private channel `positions`: what an account has, told whole and then as it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exchange.accounts.limits import MAX_LONG
from exchange.commands import BustTrade, SetLimits
from exchange.units import UNIT
from gateway.feeds.positions_feed import changes
from tests.support.gateway import Trader, list_instrument

if TYPE_CHECKING:
    from gateway.services import Services
    from tests.support.local_venue import LocalVenue


async def subscribed(trader: Trader) -> dict[str, Any]:
    """Subscribe; the snapshot."""
    await trader.do("subscribe", channel="positions")
    return await trader.channel("positions", "snapshot")


async def test_it_begins_with_everything_from_every_partition(venue: LocalVenue, anna: Trader, boris: Trader) -> None:
    """Positions, limits and what is used of them, in one snapshot."""
    await list_instrument(venue, "BETA", 1)
    for symbol in ("ACME", "BETA"):
        await anna.place("sell", 3, "10", symbol)
        await boris.place("buy", 2, "10", symbol)
    for partition in range(2):
        await venue.submit(partition, SetLimits("boris", "", [(MAX_LONG, 9 * UNIT)]))

    snapshot = await subscribed(boris)
    others = await subscribed(anna)

    assert [(row["symbol"], row["quantity"]) for row in snapshot["positions"]] == [("ACME", "2"), ("BETA", "2")]
    assert [(row["symbol"], row["max_long"]) for row in snapshot["limits"]] == [(None, "9")]
    assert (snapshot["account"], snapshot["seq"], snapshot["used"]) == ("boris", 1, [])
    assert [(row["symbol"], row["open_sell_quantity"]) for row in others["used"]] == [("ACME", "1"), ("BETA", "1")]


async def test_a_trade_brings_the_rows_that_changed(anna: Trader, boris: Trader) -> None:
    """The position and what is used, numbered behind the snapshot, as of the command that made it."""
    await subscribed(boris)
    await anna.place("sell", 3, "10")
    answer = await boris.ask("order.place", symbol="ACME", side="buy", type="limit", quantity="2", price="10")

    update = await boris.channel("positions")

    assert (update["seq"], update["prev"], update["journal"]) == (2, 1, answer["journal"])
    assert update["positions"] == [
        {
            "symbol": "ACME",
            "quantity": "2",
            "average_price": "10.00",
            "realised": "0.00",
            "unrealised": "0.00",
            "fees": "0.00",
        }
    ]
    assert (update["limits"], update["used"]) == ([], [])


async def test_a_position_that_becomes_flat_is_told_as_nothing(venue: LocalVenue, anna: Trader, boris: Trader) -> None:
    """By a trade the other way, or by a bust: flat ones are left out of snapshots, so an update has to say it."""
    await anna.place("sell", 2, "10")
    await boris.place("buy", 2, "10")
    await subscribed(boris)
    await subscribed(anna)

    await venue.submit(0, BustTrade("ACME", 1))

    for trader in (anna, boris):
        update = await trader.channel("positions")
        assert [(row["symbol"], row["quantity"], row["average_price"]) for row in update["positions"]] == [
            ("ACME", "0", None)
        ]


async def test_the_second_session_has_its_snapshot_at_once(services: Services, anna: Trader, boris: Trader) -> None:
    """It goes on from where the first is."""
    await subscribed(boris)
    await boris.place("buy", 2, "10")
    await boris.channel("positions")
    second = Trader(services, "second")
    await second.login("boris")

    assert (await subscribed(second))["seq"] == 2


async def test_a_partition_that_is_away_is_waited_for(venue: LocalVenue, boris: Trader) -> None:
    """The snapshot is whole or is not sent."""
    venue.silent.add(1)
    await boris.do("subscribe", channel="positions")
    boris.listen()
    assert [frame for frame in boris.heard if frame.get("channel") == "positions"] == []
    venue.silent.clear()
    assert (await boris.channel("positions", "snapshot"))["positions"] == []


async def test_nobody_hears_another_s_positions(anna: Trader, viewer: Trader) -> None:
    """They need a login, and another's account needs a token for it."""
    assert (await viewer.refused("subscribe", channel="positions"))["code"] == "unauthenticated"
    assert (await anna.refused("subscribe", channel="positions", account="boris"))["code"] == "forbidden"


def test_what_is_gone_is_told_as_nothing() -> None:
    """Rows that are the same are left out; of each kind there is a row that stands for nothing."""
    position = {"symbol": "A", "quantity": "1", "average_price": "2", "unrealised": "3", "realised": "4"}
    used = {"symbol": "A", "open_orders": 1, "open_buy_quantity": "1", "open_sell_quantity": "1"}

    assert changes([position], [position], "positions") == []
    assert changes([position], [], "positions") == [
        {"symbol": "A", "quantity": "0", "average_price": None, "unrealised": None, "realised": "4"}
    ]
    assert changes([{"symbol": None, "max_long": "1"}], [], "limits") == [{"symbol": None, "max_long": None}]
    assert changes([used], [], "used") == [
        {"symbol": "A", "open_orders": 0, "open_buy_quantity": "0", "open_sell_quantity": "0"}
    ]
