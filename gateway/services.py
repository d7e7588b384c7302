"""Services: the parts that a gateway process shares, constructed once by the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from gateway.directory import Directory
    from gateway.feeds.accounts import AccountQueries
    from gateway.feeds.fanout import Fanout
    from gateway.identity.tokens import Identity
    from gateway.orders import Orders
    from gateway.sessions import Sessions
    from gateway.settings import GatewaySettings
    from gateway.throttle import Throttle
    from streams.venue import Venue


@dataclass(frozen=True)
class Services:
    """The parts of one gateway. `tasks` end with the process; each task logs its own failures."""

    settings: GatewaySettings
    venue: Venue
    identity: Identity
    throttle: Throttle
    directory: Directory
    orders: Orders
    accounts: AccountQueries
    fanout: Fanout
    sessions: Sessions
    tasks: asyncio.TaskGroup
