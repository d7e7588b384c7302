"""Stream: an iterator over a channel that begins with the present state, which can be taken as one list."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Generic, Self, TypeVar

from openbell.client.errors import FeedError, OpenbellError
from openbell.client.feeds import KeptFeed

Item = TypeVar("Item")


class BeginningFeed(KeptFeed[Item]):
    """A feed whose beginning is known to be complete or not."""

    @abstractmethod
    def beginning(self) -> list[Item] | None:
        """Remove and return the unread part of the beginning; None until the beginning is complete."""

    async def whole_beginning(self) -> list[Item]:
        """Wait for all of the beginning, then remove and return it.

        Raises:
            OpenbellError: the feed has ended before, and this is why.
        """
        while True:
            self._changed.clear()
            items = self.beginning()
            if items is not None:
                return items
            if self._error is not None:
                raise self._error
            await self._changed.wait()


class Stream(AsyncIterator[Item], Generic[Item]):
    """An async iterator over a channel, whose beginning may be taken as one list first.

        async with aclosing(client.orders()) as reports:
            mine = {report.order.order_id: report.order for report in await reports.snapshot()}
            async for report in reports:
                mine[report.order.order_id] = report.order

    Without `snapshot` the iterator yields the beginning too. A stream is subscribed from its first use until it is
    closed or collected.
    """

    def __init__(self, feed: BeginningFeed[Item], subscription: AsyncGenerator[None]) -> None:
        self._feed = feed
        self._subscription = subscription
        self._subscribed = False
        self._closed = False

    def __aiter__(self) -> Self:
        """The stream itself, which can be read once."""
        return self

    async def __anext__(self) -> Item:
        """The next item.

        Raises:
            OpenbellError: the feed has ended, and this is why; afterwards the iterator is at its end.
        """
        if self._closed:
            raise StopAsyncIteration
        await self._subscribe()
        try:
            return await self._feed.next()
        except OpenbellError:
            await self.aclose()
            raise

    async def snapshot(self) -> list[Item]:
        """The state at the start: complete, without the items read already; empty the second time.

        Raises:
            OpenbellError: the feed has ended before it was complete, and this is why.
        """
        if self._closed:
            raise FeedError("this stream was closed: ask the client for another")
        await self._subscribe()
        return await self._feed.whole_beginning()

    async def aclose(self) -> None:
        """End the subscription."""
        self._closed = True
        await self._subscription.aclose()

    async def _subscribe(self) -> None:
        if not self._subscribed:
            await anext(self._subscription)
            self._subscribed = True
