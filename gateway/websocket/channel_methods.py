"""Channel methods: subscribe, unsubscribe and resume, for one session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import orjson

from gateway.errors import ApiError
from gateway.feeds.subscriptions import ORDERS, PRIVATE, SubscribeParams
from gateway.requests import protocol
from gateway.requests.order_requests import Text

if TYPE_CHECKING:
    from gateway.requests.protocol import Request
    from gateway.services import Services
    from gateway.websocket.login import Login
    from gateway.websocket.replies import Replies
    from gateway.websocket.session_subscriptions import SessionSubscriptions


class ResumeParams(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The params of resume."""

    channel: str
    cursor: str
    account: Text = msgspec.UNSET


_subscribe = msgspec.json.Decoder(SubscribeParams)
_resume = msgspec.json.Decoder(ResumeParams)


class ChannelMethods:
    """The channel methods of one session."""

    def __init__(self, replies: Replies, login: Login, held: SessionSubscriptions, services: Services) -> None:
        self._replies = replies
        self._login = login
        self._held = held
        self._orders = services.orders

    def subscribe(self, request: Request) -> None:
        """Carry out `subscribe`."""
        params = protocol.params_of(request, _subscribe)
        self._login.check_market_data(params.channel)
        account = self._login.account_for("read", params.account) if params.channel in PRIVATE else ""
        keys, options = self._held.wanted(params, account)
        self._held.check_room(keys)
        members = self._held.add(keys, options)
        self._describe(request)
        self._held.begin(members)

    def unsubscribe(self, request: Request) -> None:
        """Carry out `unsubscribe`."""
        params = protocol.params_of(request, _subscribe)
        account = params.account if isinstance(params.account, str) else self._login.account
        self._held.end(params, account)
        self._describe(request)

    def _describe(self, request: Request) -> None:
        self._replies.answer(request.id, orjson.dumps({"subscriptions": self._held.described()}))

    def resume(self, request: Request) -> None:
        """Carry out `resume`."""
        params = protocol.params_of(request, _resume)
        if params.channel != ORDERS:
            raise ApiError("bad_request", "only the channel orders can be resumed", "channel")
        account = self._login.account_for("read", params.account)
        self._replies.ask(request, self._orders.reports_since(params.cursor, account))


METHODS: Final = {
    "subscribe": ChannelMethods.subscribe,
    "unsubscribe": ChannelMethods.unsubscribe,
    "resume": ChannelMethods.resume,
}
