"""Order methods: the `order.*` requests of a session, answered by callback.

Rules: commands are submitted in the order of their requests; answers are sent in the order in which the partitions
answer. No task per order: the exchange's answer itself runs the callback that writes to the client.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec

from gateway.errors import ApiError
from gateway.orders import Prepared, canceled_in_all, deadline_in_all, failure_of
from gateway.requests import protocol
from gateway.requests.order_requests import (
    AmendParams,
    BatchItem,
    BatchParams,
    CancelAfterParams,
    CancelAllParams,
    ListParams,
    NameParams,
    PlaceParams,
    Text,
)
from gateway.requests.protocol import Request
from gateway.throttle import CANCELS, ORDERS, READS
from streams.venue import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.orders import Orders
    from gateway.requests.order_frames import OrderParams
    from gateway.services import Services
    from gateway.websocket.login import Login
    from gateway.websocket.replies import Replies
    from streams.errors import StreamError

_place = msgspec.json.Decoder(PlaceParams)
_amend = msgspec.json.Decoder(AmendParams)
_name = msgspec.json.Decoder(NameParams)
_cancel_all = msgspec.json.Decoder(CancelAllParams)
_cancel_after = msgspec.json.Decoder(CancelAfterParams)
_list = msgspec.json.Decoder(ListParams)
_batch = msgspec.json.Decoder(BatchParams)

CommandResult = Outcome | ApiError
"""The outcome of one of several commands, or its refusal."""


class OrderMethods:
    """The order methods of one session."""

    def __init__(self, replies: Replies, login: Login, services: Services) -> None:
        self._replies = replies
        self._login = login
        self._orders = services.orders
        self._batch_max = services.settings.batch_requests

    def accept(self, identity: bytes, params: OrderParams) -> None:
        """Carry out one placement, amendment or cancel."""
        if isinstance(params, PlaceParams):
            self._submit(identity, self._placement(params), ORDERS)
        elif isinstance(params, NameParams):
            self._submit(identity, self._orders.cancel(params, self._trader(params)), CANCELS)
        else:
            self._submit(identity, self._orders.amend(params, self._trader(params)), ORDERS)

    def place(self, request: Request) -> None:
        """order.place."""
        self.accept(request.id, protocol.params_of(request, _place))

    def amend(self, request: Request) -> None:
        """order.amend."""
        self.accept(request.id, protocol.params_of(request, _amend))

    def cancel(self, request: Request) -> None:
        """order.cancel."""
        self.accept(request.id, protocol.params_of(request, _name))

    def cancel_all(self, request: Request) -> None:
        """order.cancel_all."""
        params = protocol.params_of(request, _cancel_all)
        self._submit_all(request, self._orders.cancel_all(params, self._trader(params)), canceled_in_all)

    def cancel_after(self, request: Request) -> None:
        """order.cancel_after."""
        params = protocol.params_of(request, _cancel_after)
        self._submit_all(request, self._orders.cancel_after(params, self._trader(params)), deadline_in_all)

    def _submit_all(
        self, request: Request, commands: list[Prepared], sum_up: Callable[[list[CommandResult]], bytes]
    ) -> None:
        """Submit commands to several partitions; one answer is sent when all of them have answered."""
        self._replies.spend(CANCELS)
        self._replies.begin(kind=CANCELS)

        def finish(rows: list[CommandResult]) -> None:
            self._replies.finish()
            try:
                body = sum_up(rows)
            except ApiError as error:
                self._replies.refuse(request.id, error)
            else:
                journal = rows[0].journal if len(rows) == 1 and isinstance(rows[0], Outcome) else b""
                self._replies.answer(request.id, body, journal)

        ResultCollector(commands, finish).submit(self._orders)

    def batch(self, request: Request) -> None:
        """order.batch: its requests are carried out in order, each with its own result."""
        params = protocol.decoded(_batch, request.params, "params")
        if len(params.requests) > self._batch_max:
            raise ApiError("too_many", f"a batch may have {self._batch_max} requests", "requests")
        # Every item is read before any is sent, so that a symbol that has to be located delays the whole batch.
        commands, members = [], 1
        for item in params.requests:
            command, count = self._item(item)
            commands.append(command)
            members += count
        if members != request.colons:
            protocol.refuse_repeated(request.frame)
        cancels = self._spend_batch(params.requests)
        self._replies.begin(len(commands), CANCELS if cancels == len(commands) else ORDERS)

        def finish(rows: list[CommandResult]) -> None:
            self._replies.finish(len(commands))
            self._replies.answer(request.id, b"[%b]" % b",".join(map(self._row, rows)))

        ResultCollector(commands, finish).submit(self._orders)

    def get(self, request: Request) -> None:
        """order.get."""
        params = protocol.params_of(request, _name)
        account = self._reader(params.account)
        self._replies.ask(request, self._orders.get(params, account))

    def list_orders(self, request: Request) -> None:
        """order.list."""
        params = protocol.params_of(request, _list)
        account = self._reader(params.account)
        self._replies.ask(request, self._orders.open_orders(params, account))

    def _placement(self, params: PlaceParams) -> Prepared:
        account = self._trader(params)
        prepared = self._orders.place(params, account, self._replies.number)
        self._login.check_promised(account)
        return prepared

    def _trader(self, params: PlaceParams | AmendParams | NameParams | CancelAllParams | CancelAfterParams) -> str:
        return self._login.account_for("trade", params.account)

    def _reader(self, named: Text) -> str:
        """The account whose orders a request reads; the request's cost is spent."""
        account = self._login.account_for("read", named)
        self._replies.spend(READS)
        return account

    def _submit(self, identity: bytes, prepared: Prepared, kind: str) -> None:
        self._replies.spend(kind)
        self._replies.begin(kind=kind)
        try:
            self._orders.send(prepared, partial(self._answered, identity))
        except ApiError:
            self._replies.finish()
            raise

    def _answered(self, identity: bytes, outcome: Outcome | StreamError) -> None:
        self._replies.finish()
        if isinstance(outcome, Outcome):
            self._replies.pass_on(identity, outcome)
        else:
            self._replies.refuse(identity, failure_of(outcome))

    def _item(self, item: BatchItem) -> tuple[Prepared | ApiError, int]:
        """One request of a batch as a command, and the number of its JSON members."""
        try:
            decoder, prepare = self._preparation(item.method)
            params: Any = protocol.decoded(decoder, item.params, "params")
            return prepare(params), 2 + protocol.members_of(params)
        except ApiError as error:
            return error, 0

    def _preparation(self, method: str) -> Any:  # noqa: ANN401 - a decoder and what takes its result
        if method == "order.place":
            return _place, self._placement
        if method == "order.amend":
            return _amend, lambda params: self._orders.amend(params, self._trader(params))
        if method == "order.cancel":
            return _name, lambda params: self._orders.cancel(params, self._trader(params))
        raise ApiError("unknown_method", "a batch takes order.place, order.amend and order.cancel", "method")

    def _spend_batch(self, items: list[BatchItem]) -> int:
        """Spend the cost of each item; returns the number of cancels."""
        cancels = sum(item.method == "order.cancel" for item in items)
        if len(items) > cancels:
            self._replies.spend(ORDERS, len(items) - cancels)
        if cancels:
            self._replies.spend(CANCELS, cancels)
        return cancels

    def _row(self, row: CommandResult) -> bytes:
        if isinstance(row, ApiError):
            return b'{"error":%b}' % protocol.error_json(row, self._replies.request_id())
        if row.code:
            error = protocol.with_request_id(row.body, self._replies.request_id())
            return b'{"journal":"%b","error":%b}' % (row.journal, error)
        return b'{"journal":"%b","result":%b}' % (row.journal, row.body)


class ResultCollector:
    """Submits several commands and calls `finish` once with the outcome of each, in their order.

    An ApiError among them is a command that was refused before it could be submitted.
    """

    def __init__(self, commands: Sequence[Prepared | ApiError], finish: Callable[[list[CommandResult]], None]) -> None:
        self._commands = commands
        self._finish = finish
        self._rows: dict[int, CommandResult] = {}

    def submit(self, orders: Orders) -> None:
        """Submit the commands."""
        for place, command in enumerate(self._commands):
            if isinstance(command, ApiError):
                self._record(place, command)
                continue
            try:
                orders.send(command, partial(self._record_outcome, place))
            except ApiError as error:
                self._record(place, error)
        if not self._commands:
            self._finish([])

    def _record_outcome(self, place: int, outcome: Outcome | StreamError) -> None:
        self._record(place, outcome if isinstance(outcome, Outcome) else failure_of(outcome))

    def _record(self, place: int, row: CommandResult) -> None:
        self._rows[place] = row
        if len(self._rows) == len(self._commands):
            self._finish([self._rows[number] for number in range(len(self._commands))])


METHODS: Final = {
    "order.place": OrderMethods.place,
    "order.amend": OrderMethods.amend,
    "order.cancel": OrderMethods.cancel,
    "order.cancel_all": OrderMethods.cancel_all,
    "order.cancel_after": OrderMethods.cancel_after,
    "order.batch": OrderMethods.batch,
    "order.get": OrderMethods.get,
    "order.list": OrderMethods.list_orders,
}
