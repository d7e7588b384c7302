"""Feeds: channels as async iterators, with a bounded queue or the newest state.

A feed queues at most `limit` messages. Where only the newest state counts (book, ticker) a newer state supersedes the
older; where every message counts (trades, full, status, raw frames) a slow reader gets `TooSlow`, never a silent gap.
After a reconnect a channel of states continues with the present state: the states in between are lost.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from openbell.client.book import Book
from openbell.client.errors import OpenbellError, TooSlow
from openbell.client.sequence import Sequence

Item = TypeVar("Item")
Frame = dict[str, Any]


class Feed(ABC, Generic[Item]):
    """One reader's feed of one channel: messages go in with `put`, items come out with `next`."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._error: OpenbellError | None = None

    @abstractmethod
    def put(self, frame: Frame) -> None:
        """Apply a message.

        Raises:
            OutOfStep: messages are missing; the feed waits for a snapshot from here on.
        """

    @abstractmethod
    def await_snapshot(self) -> None:
        """Apply no update until a snapshot has come, because the channel is subscribed to again."""

    def seq_of(self, symbol: str) -> int:
        """The number of a symbol's last message; -1 while a snapshot is awaited, or where the number is not used."""
        return -1

    def fail(self, error: OpenbellError) -> None:
        """End the feed with an error; queued items can still be read."""
        self._error = self._error or error  # the first error is the reason
        self._changed.set()

    @property
    def failed(self) -> bool:
        """Whether the feed has ended."""
        return self._error is not None

    @abstractmethod
    async def next(self) -> Item:
        """The next item, as soon as there is one.

        Raises:
            OpenbellError: the feed has ended, and this is why.
        """


class KeptFeed(Feed[Item]):
    """A feed that queues its items for the reader."""

    async def next(self) -> Item:
        """The next item, as soon as there is one."""
        while True:
            self._changed.clear()
            item = self._pop()
            if item is not None:
                return item
            if self._error is not None:
                raise self._error
            await self._more()

    async def _more(self) -> None:
        """Wait until there may be another item, or fetch one."""
        await self._changed.wait()

    @abstractmethod
    def _pop(self) -> Item | None:
        """Remove and return the next item, None while there is none."""


class BookFeed(KeptFeed[Book]):
    """The local book, whenever it has changed since the reader's last item."""

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self.book = Book(symbol)
        self._fresh = False

    def put(self, frame: Frame) -> None:
        """Bring the book up to date."""
        if self.book.apply(frame):
            self._fresh = True
            self._changed.set()

    def await_snapshot(self) -> None:
        """Keep the book unchanged until the next snapshot."""
        self.book.await_snapshot()

    def seq_of(self, symbol: str) -> int:
        """The book's own number."""
        return self.book.seq

    def _pop(self) -> Book | None:
        book = self.book if self._fresh and self.book.seq >= 0 else None
        self._fresh = False
        return book


class QueueFeed(KeptFeed[Item]):
    """Every item of the channel's messages in order, or with `newest` only the newest unread item."""

    def __init__(self, read: Callable[[Frame], list[Item]], limit: int, *, newest: bool = False) -> None:
        super().__init__()
        self._read = read
        self._limit = limit
        self._items: deque[Item] = deque(maxlen=1 if newest else None)
        self._sequences: dict[str, Sequence] = {}

    def put(self, frame: Frame) -> None:
        """Queue the message's items for the reader."""
        sequence = self._sequences.setdefault(frame.get("symbol") or "", Sequence())
        if self.failed or not sequence.admit(frame):
            return
        self._items.extend(self._read(frame))
        self._changed.set()
        if len(self._items) > self._limit:
            self.fail(TooSlow(f"more than {self._limit} messages were waiting to be read"))

    def await_snapshot(self) -> None:
        """Start again from the next snapshot."""
        for sequence in self._sequences.values():
            sequence.await_snapshot()

    def seq_of(self, symbol: str) -> int:
        """The number of the symbol's last message."""
        sequence = self._sequences.get(symbol)
        return -1 if sequence is None else sequence.seq

    def _pop(self) -> Item | None:
        return self._items.popleft() if self._items else None
