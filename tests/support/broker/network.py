"""How messages travel between the broker and its clients: here at once, in order, on the running loop.

The simulation puts its own network in this one's place, which delays, loses and doubles (tests/simulation/network.py).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.broker.client import MemoryClient
    from tests.support.broker.server import Deposed

Action = Callable[[], None]


class Network:
    """Without faults."""

    def clock(self) -> int:
        """The server's wall clock, ns."""
        return time.time_ns()

    def monotonic(self) -> float:
        """A clock of the server's that nobody sets, seconds."""
        return time.monotonic()

    def later(self, seconds: float, action: Action) -> Any:
        """Do something on the server's side after a while; the answer can be canceled."""
        return asyncio.get_running_loop().call_later(seconds, action)

    def to_server(self, client: MemoryClient, action: Action) -> None:
        """Carry what a client has sent; what it sends on one connection stays in order."""
        asyncio.get_running_loop().call_soon(action)

    def to_client(self, client: MemoryClient, action: Action) -> None:
        """Carry what the server sends; likewise in order."""
        asyncio.get_running_loop().call_soon(action)

    def copies(self, kind: str) -> tuple[float, ...]:
        """What becomes of a message for a subscriber: the delay of each copy that arrives, () if it is lost.

        kind: acknowledgement, answer (of the JetStream API), delivery (of a consumer), status, message.
        """
        return (0.0,)

    def who_answers(self, deposed: Deposed) -> tuple[Deposed | None, ...]:
        """Who answers about a stream that has a deposed leader too (server.py), in order; None for the true one."""
        return (deposed, None)

    def reachable(self, client: MemoryClient) -> bool:
        """Whether a client that connects now gets through."""
        return True
