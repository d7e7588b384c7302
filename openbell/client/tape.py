"""Tape: the channel `trades` without gaps; every print once, and every bust after its print.

An update has lines, each a print or a bust, and `seq` counts lines. A snapshot has prints alone, busted ones marked.
So after a reconnect, `seq` and the last `trade_id` together give the numbers of missed prints and busts, and the
snapshot has the lines. If the snapshot does not reach back far enough, the exchange's longer list is fetched; if that
list does not either, the tape ends with `TradesMissed`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace

from openbell.client.errors import ConnectionLost, TooSlow, TradesMissed, TryAgain
from openbell.client.feeds import Frame, KeptFeed
from openbell.client.models import Trade
from openbell.client.sequence import Sequence

Fetch = Callable[[], Awaitable[Frame]]
"""Fetches all prints of the symbol that the exchange keeps."""

BUSTS_REMEMBERED = 1_000
"""As many busts as the exchange keeps prints: an older bust can be in no snapshot."""

_ATTEMPTS_MAX = 5
"""Attempts to fetch missed prints before the tape ends."""

_PAUSE_SECONDS = 0.2


class Tape:
    """The part of one symbol's tape that has been read. No I/O.

    >>> tape = Tape("ACME")
    >>> row = {"trade_id": 1, "price": "9.50", "quantity": "3", "side": "buy", "time": None}
    >>> [trade.bust for trade in tape.begin({"seq": 2, "trades": [row | {"bust": True}]})]
    [False, True]
    >>> tape.missing({"seq": 4, "trades": [row | {"bust": True}, row | {"trade_id": 2}]})
    (0, 1)
    """

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self.lines = -1
        """The number of lines read or known to precede the first one; -1 before the first snapshot."""
        self._last_id = 0
        self._busted: deque[int] = deque(maxlen=BUSTS_REMEMBERED)

    def begin(self, snapshot: Frame) -> list[Trade]:
        """The new lines of a snapshot, oldest first; the busts of older prints before all."""
        trades = self._older_busts(snapshot)
        for row in self._new_rows(snapshot):
            trades += self._both(row, snapshot)
        self.lines = max(self.lines, snapshot["seq"])
        self._busted.extend(trade.trade_id for trade in trades if trade.bust)
        self._last_id = max([self._last_id, *(trade.trade_id for trade in trades)])
        return trades

    def go_on(self, update: Frame) -> list[Trade]:
        """The unread lines of an update: after a snapshot, some may have been in the snapshot."""
        rows = update["trades"]
        known = self.lines - (update["seq"] - len(rows))
        trades = [self._line(row, update) for row in rows[max(known, 0) :]]
        self.lines = max(self.lines, update["seq"])
        self._busted.extend(trade.trade_id for trade in trades if trade.bust)
        self._last_id = max([self._last_id, *(trade.trade_id for trade in trades)])
        return trades

    def missing(self, snapshot: Frame) -> tuple[int, int]:
        """The numbers of prints and of busts between the last line read and a snapshot."""
        if self.lines < 0 or snapshot["seq"] <= self.lines:
            return 0, 0
        new = self._new_rows(snapshot)
        last_id = max([self._last_id, *(row["trade_id"] for row in new)])
        busts = snapshot["seq"] - self.lines - (last_id - self._last_id)
        shown = len(self._older_busts(snapshot)) + sum(bool(row.get("bust")) for row in new)
        return last_id - self._last_id - len(new), max(busts - shown, 0)

    def _new_rows(self, snapshot: Frame) -> list[Frame]:
        rows = [row for row in snapshot["trades"] if row["trade_id"] > self._last_id]
        return sorted(rows, key=lambda row: int(row["trade_id"]))

    def _older_busts(self, snapshot: Frame) -> list[Trade]:
        rows = [row for row in snapshot["trades"] if row["trade_id"] <= self._last_id and row.get("bust")]
        return [self._line(row, snapshot) for row in rows if row["trade_id"] not in self._busted]

    def _both(self, row: Frame, snapshot: Frame) -> list[Trade]:
        trade = self._line(row, snapshot)
        return [replace(trade, bust=False), trade] if trade.bust else [trade]

    def _line(self, row: Frame, frame: Frame) -> Trade:
        return Trade.read(self._symbol, row, frame.get("journal") or "")


class TapeFeed(KeptFeed[Trade]):
    """One reader's tape. `limit` bounds the unread prints: beyond it the feed ends with `TooSlow`."""

    def __init__(self, symbol: str, fetch: Fetch, limit: int) -> None:
        super().__init__()
        self._symbol = symbol
        self._fetch = fetch
        self._limit = limit
        self._tape = Tape(symbol)
        self._sequence = Sequence()
        self._unread: deque[Trade] = deque()
        self._held: list[Frame] | None = None
        """Messages since a snapshot that did not reach back far enough; None while no line is missing."""

    def put(self, frame: Frame) -> None:
        """Apply a message of the channel."""
        if self.failed or not self._sequence.admit(frame):
            return
        if self._held is not None or (frame["type"] == "snapshot" and any(self._tape.missing(frame))):
            self._held = [*(self._held or []), frame]
            self._bound(len(self._held))
        else:
            self._take(frame)
        self._changed.set()

    def await_snapshot(self) -> None:
        """Start again from the next snapshot."""
        self._sequence.await_snapshot()

    def seq_of(self, symbol: str) -> int:
        """The number of the last line; -1 while a snapshot is awaited."""
        return self._sequence.seq

    def _pop(self) -> Trade | None:
        return self._unread.popleft() if self._unread else None

    async def _more(self) -> None:
        if self._held is None:
            await super()._more()
        else:
            await self._fill()

    async def _fill(self) -> None:
        """Apply the missing lines of the exchange's longer list, then the messages that came meanwhile."""
        longer = await self._longer()
        trades, busts = self._tape.missing(longer)
        if trades or busts:
            self.fail(TradesMissed(self._symbol, trades, busts))
            return
        held, self._held = self._held or [], None
        for frame in [longer, *held]:
            self._take(frame)

    async def _longer(self) -> Frame:
        for attempt in range(1, _ATTEMPTS_MAX + 1):
            try:
                return await self._fetch()
            except (ConnectionLost, TryAgain):
                if attempt == _ATTEMPTS_MAX:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError("the last attempt returns or raises")

    def _take(self, frame: Frame) -> None:
        read = self._tape.begin if frame["type"] == "snapshot" else self._tape.go_on
        self._unread.extend(read(frame))
        self._bound(len(self._unread))

    def _bound(self, waiting: int) -> None:
        if waiting > self._limit:
            self.fail(TooSlow(f"more than {self._limit} prints were waiting to be read"))
