"""The API's own descriptions: valid, complete, and true of what the exchange really says."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from exchange.commands import AmendOrder, CancelAll, CancelOrder, Configure, ListInstrument, PlaceOrder, Tick
from exchange.engine import SEMANTICS
from exchange.instrument import Instrument
from exchange.terms import BUY, FOK, IOC, LIMIT, MARKET, SELL
from exchange.units import UNIT
from gateway.description import openapi
from gateway.description.methods import CHANNELS, METHODS
from gateway.description.routes import ROUTES
from gateway.directory import Listed
from gateway.errors import CODES, ApiError
from gateway.feeds import subscriptions
from gateway.feeds.fanout import heartbeat_frame, instrument_frame
from gateway.feeds.positions_feed import ROWS, changes, snapshot_frame, update_frame
from gateway.feeds.subscriptions import Key
from gateway.http import listing_routes, market_routes, operator_routes, order_routes, page_routes
from gateway.requests.operator_requests import ReasonParams
from gateway.requests.order_requests import CancelAllParams
from gateway.websocket import channel_methods, order_methods, session
from streams.partition.partition import Partition
from streams.wire import codec

HTTP = openapi.openapi()
SOCKET = openapi.asyncapi()
FOR_BROWSERS = {("GET", "/"), ("GET", "/assets/{name}"), ("GET", "/v1/ws")}


def references(value: Any) -> list[str]:
    """Every `$ref` in a document."""
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in references(inner)]
    return [found for inner in value for found in references(inner)] if isinstance(value, list) else []


def resolved(document: Any, reference: str) -> Any:
    """What a reference within a document leads to."""
    assert reference.startswith("#/")
    for name in reference[2:].split("/"):
        document = document[name.replace("~1", "/").replace("~0", "~")]
    return document


def is_true(document: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    """Whether a value is what a schema of the document promises, all references followed."""
    Draft202012Validator(schema | {"components": document["components"]}).validate(value)
    return True


@pytest.mark.parametrize("document", [HTTP, SOCKET], ids=["openapi", "asyncapi"])
def test_every_reference_leads_somewhere_and_every_schema_is_one(document: dict[str, Any]) -> None:
    """Nothing dangles, and the schemas are JSON Schema 2020-12."""
    for reference in references(document):
        assert resolved(document, reference)
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(document)) == document


@pytest.mark.parametrize("document", [HTTP, SOCKET], ids=["openapi", "asyncapi"])
def test_every_shared_schema_is_used(document: dict[str, Any]) -> None:
    """No name is defined that nothing speaks of."""
    used = set(references(document))
    assert [name for name in document["components"]["schemas"] if f"#/components/schemas/{name}" not in used] == []


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    """Method, path and operation of every route."""
    return [(method, path, found) for path, item in HTTP["paths"].items() for method, found in item.items()]


def test_the_document_has_the_members_that_openapi_asks_for() -> None:
    """OpenAPI 3.1: version, info, paths; and each operation its id, tags, security and answers."""
    assert HTTP["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(HTTP["info"])
    tags = {tag["name"] for tag in HTTP["tags"]}
    ids = [found["operationId"] for _, _, found in operations()]
    assert len(ids) == len(set(ids)) == len(ROUTES)
    for method, path, found in operations():
        assert path.startswith("/")
        assert method in {"get", "put", "post", "delete", "patch"}
        assert set(found["tags"]) <= tags
        assert found["security"] in ([], [{"token": []}], [{}, {"token": []}])
        for status, answer in found["responses"].items():
            assert re.fullmatch(r"[1-5][0-9]{2}", status)
            assert answer["description"]
            assert all(set(media) == {"schema"} for media in answer["content"].values())


def test_parameters_are_those_of_the_path_and_the_query() -> None:
    """Each name in a path's braces is a required path parameter, and no parameter comes twice."""
    for _, path, found in operations():
        places = [(parameter["in"], parameter["name"]) for parameter in found["parameters"]]
        assert len(places) == len(set(places))
        assert {name for place, name in places if place == "path"} == set(re.findall(r"{(\w+)}", path))
        assert all(parameter["required"] for parameter in found["parameters"] if parameter["in"] == "path")
        for parameter in found["parameters"]:
            Draft202012Validator.check_schema(parameter["schema"])


def test_the_document_has_exactly_the_routes_that_are_served() -> None:
    """Neither more nor less, but for what is made for browsers."""
    tables = (
        market_routes.ROUTES,
        order_routes.ROUTES,
        listing_routes.ROUTES,
        operator_routes.ROUTES,
        page_routes.ROUTES,
    )
    served = {row[:2] for table in tables for row in table} | {("GET", "/v1/ws")}
    assert {(method.upper(), path) for method, path, _ in operations()} == served - FOR_BROWSERS


@pytest.mark.parametrize(
    ("method", "path", "decoder"),
    [
        ("get", "/v1/instruments/{symbol}/book", market_routes.BookQuery),
        ("get", "/v1/instruments/{symbol}/trades", market_routes.TradesQuery),
        ("get", "/v1/orders", order_routes.OrdersQuery),
        ("get", "/v1/orders/{order_id}", order_routes.AccountQuery),
        ("delete", "/v1/orders/{order_id}", order_routes.AccountQuery),
        ("delete", "/v1/orders", CancelAllParams),
        ("get", "/v1/orders/by-client-id/{client_order_id}", order_routes.ClientIdQuery),
        ("get", "/v1/positions", order_routes.AccountQuery),
        ("get", "/v1/account", order_routes.AccountQuery),
        ("get", "/v1/admin/kill-switch", operator_routes.KillSwitchQuery),
        ("get", "/v1/admin/audit", operator_routes.AuditQuery),
        ("delete", "/v1/admin/instruments/{symbol}", ReasonParams),
    ],
)
def test_query_parameters_are_those_that_are_decoded(method: str, path: str, decoder: type[msgspec.Struct]) -> None:
    """The Struct that reads a query and the document name the same members, and the same as required."""
    parameters = [found for found in HTTP["paths"][path][method]["parameters"] if found["in"] == "query"]
    fields = msgspec.structs.fields(decoder)
    assert {found["name"] for found in parameters} == {field.encode_name for field in fields}
    assert {found["name"] for found in parameters if found["required"]} == {
        field.encode_name for field in fields if field.required
    }


def test_the_body_of_the_demo_token_is_the_one_that_is_decoded() -> None:
    """The one body that is written down twice."""
    schema = HTTP["paths"]["/v1/demo/token"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    fields = msgspec.structs.fields(page_routes.DemoParams)
    assert set(schema["properties"]) == set(schema["required"]) == {field.encode_name for field in fields}


def test_every_code_is_announced_under_its_status() -> None:
    """A problem of each announced code is what the document says, and private routes say how to log in."""
    problem = HTTP["components"]["schemas"]["Problem"]
    for _, _, found in operations():
        for status, answer in found["responses"].items():
            for code in re.findall(r"`(\w+)`", answer["description"]) if int(status) >= 400 else []:
                assert CODES[code].status == int(status)
                assert is_true(HTTP, problem, ApiError(code, field="price", retry_after=1).problem("r"))
        assert ("401" in found["responses"]) == bool(found["security"])


def test_methods_and_channels_are_those_that_are_served() -> None:
    """The WebSocket's document has exactly what a session knows."""
    assert {method.name for method in METHODS} == set(order_methods.METHODS) | set(channel_methods.METHODS) | set(
        session.METHODS
    )
    assert {channel.name for channel in CHANNELS} == set(subscriptions.OPTIONS)


def test_the_document_has_the_members_that_asyncapi_asks_for() -> None:
    """AsyncAPI 3.0: operations point at channels, their messages at messages of that very channel."""
    assert SOCKET["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= set(SOCKET["info"])
    for found in SOCKET["operations"].values():
        assert found["action"] in {"send", "receive"}
        for part in (found, found["reply"]) if "reply" in found else (found,):
            channel = part["channel"]["$ref"]
            assert all(message["$ref"].startswith(f"{channel}/messages/") for message in part["messages"])
    for channel in SOCKET["channels"].values():
        assert set(channel.get("parameters", {})) == set(re.findall(r"{(\w+)}", channel["address"]))
        assert all(server["$ref"].startswith("#/servers/") for server in channel["servers"])


def test_every_message_is_sent_or_received_by_somebody() -> None:
    """No message stands apart."""
    told = {
        message["$ref"].rpartition("/")[2]
        for found in SOCKET["operations"].values()
        for message in [*found["messages"], *found.get("reply", {}).get("messages", [])]
    }
    assert told == set(SOCKET["components"]["messages"])


REQUESTS = [
    ("login", {"token": "x", "cancel_on_disconnect": "account"}),
    ("order.cancel_after", {"seconds": 30, "account": "anna"}),
    ("order.place", {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "10", "price": 101.25}),
    ("order.amend", {"order_id": "3-1", "quantity": "5"}),
    ("order.cancel", {"symbol": "ACME", "client_order_id": "a"}),
    ("order.cancel_all", {}),
    ("order.batch", {"requests": [{"method": "order.cancel", "params": {"order_id": "3-1"}}]}),
    ("subscribe", {"channel": "book", "symbols": ["ACME"], "depth": 0, "interval_ms": 100}),
    ("resume", {"channel": "orders", "cursor": "0-1"}),
    ("ping", {}),
]


@pytest.mark.parametrize(("method", "params"), REQUESTS)
def test_requests_as_clients_write_them_are_described(method: str, params: dict[str, Any]) -> None:
    """A right request fits its schema; with a member that nobody knows it does not."""
    schema = SOCKET["components"]["schemas"][method.replace(".", "_") + "_request"]
    assert is_true(SOCKET, schema, {"id": 1, "method": method, "params": params})
    wrong = {"id": 1, "method": method, "params": params | {"prize": "1"}}
    assert not Draft202012Validator(schema | {"components": SOCKET["components"]}).is_valid(wrong)


class Told:
    """All that a real partition says while some orders go through it: answers, reports and channel messages."""

    def __init__(self) -> None:
        self.partition = Partition(3)
        self.answers: list[tuple[str, Any]] = []
        self.frames: list[Any] = []
        self.accounts: list[Any] = []
        acme = Instrument("ACME", [(0, UNIT // 100)], UNIT, reference_price=100 * UNIT, collar_bps=1_000_000)
        for command in (
            Configure(SEMANTICS, 10_000, 1_000, 0),
            ListInstrument(acme),
            PlaceOrder("anna", "ACME", "a1", SELL, LIMIT, 50 * UNIT, 101 * UNIT, display_quantity=10 * UNIT),
            PlaceOrder("anna", "ACME", "a2", BUY, LIMIT, 5 * UNIT, 99 * UNIT, time_in_force=0),
            PlaceOrder("boris", "ACME", "b1", BUY, MARKET, 12 * UNIT, time_in_force=IOC),
            PlaceOrder("boris", "ACME", "b1", BUY, MARKET, 12 * UNIT, time_in_force=IOC),
            PlaceOrder("boris", "ACME", "b2", BUY, LIMIT, 500 * UNIT, 101 * UNIT, time_in_force=FOK),
            PlaceOrder("boris", "ACME", "b3", BUY, LIMIT, UNIT, 101 * UNIT + 1),
            AmendOrder("anna", 2, quantity=4 * UNIT),
            CancelOrder("anna", 2),
            CancelOrder("anna", 2),
            CancelAll("anna"),
            Tick(),
        ):
            self.carry_out(command)

    def carry_out(self, command: Any) -> None:
        """One command through the journal."""
        number = self.partition.sequence + 1
        data = codec.encode_batch("g", number, [codec.encode_command(command)])
        output = self.partition.answer(data, number, number * 1_000_000_007)
        assert output.results
        for code, body in codec.decode_results(output.results[1]).bodies:
            self.answers.append((type(command).__name__ if not code else "error", json.loads(body)))
        for _, reports in output.reports:
            self.frames += [json.loads(report) for _, report in codec.decode_reports(reports).reports]
        self.frames += [json.loads(frame) for _, frame in output.market_data]
        for kind, arguments in (
            ("book", {"symbol": "ACME"}),
            ("full", {"symbol": "ACME"}),
            ("trades", {"symbol": "ACME", "limit": 10, "before": 0}),
            ("ticker", {"symbol": "ACME"}),
            ("status", {"symbol": "ACME"}),
        ):
            answer = codec.decode_answer(self.partition.query(codec.encode_query(kind, arguments)))
            if not answer[0]:
                self.frames.append(json.loads(answer[1]))
        snapshot = self.partition.query(codec.encode_query("orders_snapshot", {"account": "anna"}))
        body = json.loads(codec.decode_answer(snapshot)[1])
        self.frames.append({"channel": "orders", "type": "snapshot", "partitions": 1} | body)
        account = self.partition.query(codec.encode_query("account", {"account": "anna"}))
        self.accounts.append(json.loads(codec.decode_answer(account)[1]))


TOLD = Told()
RESULTS = {
    "PlaceOrder": "PlacedOrder",
    "AmendOrder": "Order",
    "CancelOrder": "Order",
    "ListInstrument": "Instrument",
}


def test_what_the_exchange_answers_is_what_the_documents_say() -> None:
    """Orders, fills and instruments as a real engine prints them have every member that is promised, and no others."""
    schemas = SOCKET["components"]["schemas"]
    seen = set()
    for kind, body in TOLD.answers:
        if kind in RESULTS:
            seen.add(kind)
            schema = schemas[RESULTS[kind]]
            assert is_true(SOCKET, schema, body)
            assert set(body) == set(schema["properties"]) - {"delisted"}
        elif kind == "error":
            assert is_true(SOCKET, schemas["Error"], body | {"request_id": "r"})
    assert seen == set(RESULTS)
    assert [body for kind, body in TOLD.answers if kind == "CancelAll"] == [{"canceled": 1}]


def test_what_the_channels_tell_is_what_the_document_says() -> None:
    """Snapshots, updates and reports as a real partition prints them have no member that is not described."""
    listed = Listed("ACME", 3, TOLD.answers[1][1], 1)
    own = [
        json.loads(re.sub(rb"^[^{]*", b"", frame))
        for frame in (
            instrument_frame(listed, None, ""),
            instrument_frame(listed, 1, "5.0"),
            heartbeat_frame(1, 0, {}, []),
            heartbeat_frame(2, 0, {"ACME": {"seq": 7, "trade_id": 9, "trade_seq": 10}}, [subscription()]),
            *[snapshot_frame("anna", number, [part]) for number, part in enumerate(TOLD.accounts)],
            *[
                update_frame("anna", 2, after["journal"], told(before, after))
                for before, after in pairwise(TOLD.accounts)
            ],
        )
    ]
    seen = set()
    for frame in [*TOLD.frames, *own]:
        name = f"{frame['channel']}_{frame['type']}"
        seen.add(name)
        schema = SOCKET["components"]["schemas"][name]
        assert is_true(SOCKET, schema, frame)
        assert set(frame) <= set(schema["properties"]), name
    assert seen == {f"{channel.name}_{kind}" for channel in CHANNELS for kind in ("snapshot", "update")}


def told(before: Any, after: Any) -> Any:
    """What channel `positions` tells after one command."""
    return {name: changes(before[name], after[name], name) for name in ROWS}


def subscription() -> Any:
    """A subscription that may lag behind."""
    nowhere: Any = None
    return subscriptions.ChannelSubscription(Key("book", "ACME"), subscriptions.Options(), nowhere)


class Page(HTMLParser):
    """What stands in an HTML page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a tag."""
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            assert name != "style"
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href"):
                self.links.append(value or "")


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    """It works under the strictest content security policy."""
    page = Page(openapi.page())
    assert not {"script", "style", "img", "link", "iframe"} & set(page.tags)
    assert all(link.startswith("/") for link in page.links)


def test_the_page_explains_every_code_where_errors_point() -> None:
    """The `type` of each problem leads to a row of the page, and no anchor is there twice."""
    ids = Page(openapi.page()).ids
    assert len(ids) == len(set(ids))
    assert {ApiError(code).problem("")["type"] for code in CODES} <= {f"/docs#{name}" for name in ids}
