"""Fanout: every feed of this gateway process, and every subscription of its sessions.

A feed starts with its first subscriber and ends LINGER_SECONDS after its last one has left, so a page that is reloaded
finds its feeds running. Bound: feeds are as many as instruments times channels.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from gateway.feeds.conflation import encoded
from gateway.feeds.orders_feed import PAUSE_SECONDS, SNAPSHOT_ORDERS_MAX, OrdersFeed
from gateway.feeds.positions_feed import PositionsFeed
from gateway.feeds.public_feed import RETRY_SECONDS, PublicFeed
from gateway.feeds.subscriptions import ORDERS, POSITIONS, ChannelSubscription, Key
from gateway.requests.timestamps import time_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.directory import Directory, Listed
    from streams.venue import Venue

LINGER_SECONDS: Final = 5.0
HEARTBEAT_SECONDS: Final = 1.0

AnyFeed = PublicFeed | OrdersFeed | PositionsFeed


@dataclass(frozen=True, slots=True)
class FanoutBounds:
    """The feeds' pauses, in seconds, and the bound on open orders in a partition's snapshot."""

    linger_seconds: float = LINGER_SECONDS
    retry_seconds: tuple[float, float] = RETRY_SECONDS
    pause_seconds: float = PAUSE_SECONDS
    orders_max: int = SNAPSHOT_ORDERS_MAX


class Fanout:
    """The feeds and their subscribers. The feeds run in `tasks`."""

    def __init__(self, venue: Venue, directory: Directory, tasks: asyncio.TaskGroup) -> None:
        self._venue = venue
        self._directory = directory
        self._tasks = tasks
        self.bounds = FanoutBounds()
        """The bounds of feeds that start from now on."""
        self._feeds: dict[Key, AnyFeed] = {}
        self._instruments: dict[ChannelSubscription, None] = {}
        directory.watchers.append(self._listed)
        venue.on_reconnect(self.heal)
        venue.on_new_leader(self.look_after)

    def join(self, member: ChannelSubscription) -> None:
        """Begin a subscription. The directory knows its symbol, if it has one."""
        if member.key.channel == "instruments":
            self._instruments[member] = None
            for listed in self._directory.all():
                member.send(instrument_frame(listed, None, ""), listed.seq)
        elif member.key.channel != "heartbeat":
            self._feed(member.key).join(member)

    def leave(self, member: ChannelSubscription) -> None:
        """End a subscription."""
        self._instruments.pop(member, None)
        feed = self._feeds.get(member.key)
        if feed is not None:
            feed.leave(member)
            if feed.empty:
                asyncio.get_running_loop().call_later(self.bounds.linger_seconds, self._drop, feed)

    def heal(self) -> None:
        """Heal every feed, because the connection to the exchange was lost."""
        self._directory.refresh()
        for feed in self._feeds.values():
            feed.heal()

    def look_after(self, partition: int) -> None:
        """Check the feeds of a partition with a new leader: the old one's last messages may have been lost."""
        self._directory.refresh()
        for feed in self._feeds.values():
            feed.look_after(partition)

    def stale(self, members: Iterable[ChannelSubscription]) -> list[ChannelSubscription]:
        """The subscriptions whose feed has a gap, or may have one: NATS or a partition of the feed does not answer."""
        well, dead = self._venue.well, self._venue.dead
        followed = [(member, self._feeds[member.key]) for member in members if member.key in self._feeds]
        return [member for member, feed in followed if not (well and feed.whole and dead.isdisjoint(feed.partitions))]

    def last_numbers(self, members: Iterable[ChannelSubscription]) -> dict[str, dict[str, int]]:
        """By symbol, the last numbers of the books and trades that these subscriptions have been sent."""
        symbols: dict[str, dict[str, int]] = {}
        for member in members:
            channel, symbol = member.key
            if member.seq >= 0 and channel == "book":
                symbols.setdefault(symbol, {})["seq"] = member.seq
            elif member.seq >= 0 and channel == "trades":
                feed = self._feeds[member.key]
                assert isinstance(feed, PublicFeed), "trades are public"
                symbols.setdefault(symbol, {}).update(trade_id=feed.last_trade_id, trade_seq=member.seq)
        return symbols

    def _feed(self, key: Key) -> AnyFeed:
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = self._new_feed(key)
            feed.start()
        return feed

    def _new_feed(self, key: Key) -> AnyFeed:
        if key.channel == ORDERS:
            orders_max, pause = self.bounds.orders_max, self.bounds.pause_seconds
            return OrdersFeed(self._venue, self._tasks, key.name, orders_max, pause)
        if key.channel == POSITIONS:
            return PositionsFeed(self._venue, self._tasks, key.name)
        partition = self._directory.partition_of(key.name)
        return PublicFeed(self._venue, self._tasks, key, partition, self.bounds.retry_seconds)

    def _drop(self, feed: AnyFeed) -> None:
        if feed.empty and self._feeds.get(feed.key) is feed:
            del self._feeds[feed.key]
            feed.stop()

    def _listed(self, listed: Listed, previous: int | None, journal: str) -> None:
        if self._instruments:
            frame = instrument_frame(listed, previous, journal)
            for member in self._instruments:
                member.send(frame, listed.seq)


def instrument_frame(listed: Listed, previous: int | None, journal: str) -> bytes:
    """A frame of channel `instruments`: a snapshot of an instrument that is new to the subscriber, or an update."""
    kind: dict[str, Any] = {"type": "snapshot"} if previous is None else {"type": "update"}
    frame = {"channel": "instruments", **kind, "symbol": listed.symbol, "seq": listed.seq}
    if previous is not None:
        frame["prev"] = previous
    if journal:
        frame["journal"] = journal
    return encoded(frame | {"instrument": listed.definition})


def heartbeat_frame(seq: int, now: int, symbols: dict[str, dict[str, int]], stale: list[ChannelSubscription]) -> bytes:
    """A frame of channel `heartbeat`. `stale` are the subscriptions that may lag behind the exchange."""
    frame: dict[str, Any] = {"channel": "heartbeat", "type": "update" if seq > 1 else "snapshot", "seq": seq}
    if seq > 1:
        frame["prev"] = seq - 1
    return encoded(frame | {"time": time_text(now), "symbols": symbols, "stale": [each.named() for each in stale]})
