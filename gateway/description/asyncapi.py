"""AsyncAPI: the WebSocket and its channels as an AsyncAPI 3.0 document, /asyncapi.json.

The document takes the exchange's view: the exchange receives requests and sends answers and channel messages. It is
built from the Structs that decode requests and from `answer_schemas`, and does not depend on the running exchange.
"""

from __future__ import annotations

from typing import Any, Final

from gateway.description.answer_schemas import ERROR, JOURNAL, SHAPES
from gateway.description.methods import CHANNELS, METHODS, ON_NATS, PARTITION, ChannelDescription, Method
from gateway.description.request_schemas import SYMBOL, VALUES, Schema, record, ref, request, whole, word
from gateway.feeds.subscriptions import ORDERS, PRIVATE
from gateway.requests.order_requests import BatchItem


def asyncapi() -> dict[str, Any]:
    """The document, JSON-ready."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Openbell WebSocket API", "version": "1", "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {
            "gateway": {"host": "127.0.0.1:8080", "protocol": "ws", "description": "Where `openbell up` listens."},
            "nats": {"host": "127.0.0.1:4222", "protocol": "nats", "description": "Read-only market data."},
        },
        "channels": {"session": session_channel()} | {f"nats_{name}": nats_channel(name) for name in ON_NATS},
        "operations": operations(),
        "components": {"schemas": schemas(), "messages": messages()},
    }


DESCRIPTION: Final = """\
JSON text frames on /v1/ws. A request `{"id", "method", "params"}` is answered by `{"id", "result"}` or
`{"id", "error"}`; answers to different requests may overtake each other. `null` counts as left out, except for
decimals; an unknown member is refused. Numbers, resuming and checksums are explained in docs/protocol.md."""


def session_channel() -> dict[str, Any]:
    """The one WebSocket that carries everything."""
    return {
        "address": "/v1/ws",
        "description": "One connection of a client.",
        "servers": [{"$ref": "#/servers/gateway"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages()},
    }


def nats_channel(name: str) -> dict[str, Any]:
    """A public channel for subscribers with a NATS client."""
    return {
        "address": f"md.{{symbol}}.{name}",
        "parameters": {"symbol": {"description": "The instrument.", "examples": ["ACME"]}},
        "servers": [{"$ref": "#/servers/nats"}],
        "messages": {f"{name}_update": {"$ref": f"#/components/messages/{name}_update"}},
    }


def operations() -> dict[str, Any]:
    """A request with its answers for each method, and a send operation for each channel."""
    found: dict[str, Any] = {}
    for method in METHODS:
        key = key_of(method)
        found[key] = {
            "action": "receive",
            "channel": {"$ref": "#/channels/session"},
            "summary": method.summary,
            "messages": [sent_on("session", f"{key}_request")],
            "reply": {
                "channel": {"$ref": "#/channels/session"},
                "messages": [sent_on("session", f"{key}_result"), sent_on("session", "error")],
            },
        }
    for channel in CHANNELS:
        kinds = ["snapshot", "update"]
        kinds += ["start"] if channel.name == ORDERS else []
        kinds += ["end"] if channel.name in PRIVATE else []
        found[f"send_{channel.name}"] = {
            "action": "send",
            "channel": {"$ref": "#/channels/session"},
            "summary": channel.summary,
            "messages": [sent_on("session", f"{channel.name}_{kind}") for kind in kinds],
        }
    for name in ON_NATS:
        found[f"publish_{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/nats_{name}"},
            "summary": "Unconflated, each change as it happens.",
            "messages": [sent_on(f"nats_{name}", f"{name}_update")],
        }
    return found


def messages() -> dict[str, Any]:
    """Every message by its name."""
    found: dict[str, Any] = {"error": message("error", "A request refused.")}
    for method in METHODS:
        key = key_of(method)
        found[f"{key}_request"] = message(f"{key}_request", method.summary)
        found[f"{key}_result"] = message(f"{key}_result", f"The answer to {method.name}.")
    for channel in CHANNELS:
        for kind in ("snapshot", "update"):
            found[f"{channel.name}_{kind}"] = message(f"{channel.name}_{kind}", channel.summary)
    found["orders_start"] = message("orders_start", "In place of a snapshot, for who wants none.")
    return found | {f"{name}_end": message(f"{name}_end", "The private channel ended.") for name in PRIVATE}


def schemas() -> dict[str, Schema]:
    """Every schema by its name."""
    found = VALUES | SHAPES | {"Error": ERROR, "BatchItem": request(BatchItem)}
    found |= {"error": ERROR_FRAME, "orders_start": START_FRAME} | {f"{name}_end": end_frame(name) for name in PRIVATE}
    for method in METHODS:
        found[f"{key_of(method)}_request"] = request_frame(method)
        found[f"{key_of(method)}_result"] = result_frame(method)
    for channel in CHANNELS:
        found[f"{channel.name}_snapshot"] = channel_frame(channel, "snapshot", channel.snapshot)
        found[f"{channel.name}_update"] = channel_frame(channel, "update", channel.update)
    return found


ID: Final[Schema] = {"type": ["string", "integer"], "description": "Yours to choose; echoed in the answer."}
ERROR_FRAME: Final = record(
    "A refusal; without `id` it is about a frame that could not be read.",
    {"id": ID, "journal": JOURNAL, "error": ref("Error")},
    may_lack=("id", "journal"),
)
START_FRAME: Final = record(
    "Reports follow this number; what is open `order.list` tells. Another one means that reports before it are lost.",
    {"channel": {"const": ORDERS}, "type": {"const": "start"}, "seq": whole("Its number."), **PARTITION}
    | {"partitions": whole("How many partitions there are: each sends one.", 1)},
)


def end_frame(name: str) -> Schema:
    """The frame that ends a private channel."""
    return record(
        "The private channel has ended; after `token_expired` a login restores it.",
        {
            "channel": {"const": name},
            "type": {"const": "end"},
            "reason": word("Why.", ("token_expired", "login", "too_many")),
        },
    )


def request_frame(method: Method) -> Schema:
    """The frame of a request."""
    params = request(method.params)
    frame = record("", {"id": ID, "method": {"const": method.name}, "params": params}, may_lack=("params",))
    if "required" in params:
        frame["required"].append("params")
    return frame | {"description": method.summary, "additionalProperties": False}


def result_frame(method: Method) -> Schema:
    """The frame of a success."""
    return record("", {"id": ID, "journal": JOURNAL, "result": method.result}, may_lack=("journal",))


def channel_frame(channel: ChannelDescription, kind: str, members: dict[str, Schema]) -> Schema:
    """The frame of a channel message: the members that all channels have, and its own."""
    common: dict[str, Schema] = {"channel": {"const": channel.name}, "type": {"const": kind}}
    if channel.name not in (*PRIVATE, "heartbeat"):
        common["symbol"] = SYMBOL
    common["seq"] = whole("Its number.")
    if kind == "update":
        common["prev"] = whole("The number of the message before it; if you have another, subscribe again.")
    common["journal"] = JOURNAL
    lacking = ("journal",) if channel.name in (*PRIVATE, "heartbeat", "instruments", "book") else ()
    return record(channel.summary, common | members, may_lack=(*lacking, *channel.may_lack))


def message(name: str, summary: str) -> dict[str, Any]:
    """A message whose payload is the schema of the same name."""
    return {"name": name, "summary": summary, "payload": ref(name)}


def sent_on(channel: str, name: str) -> dict[str, str]:
    """A message of a channel."""
    return {"$ref": f"#/channels/{channel}/messages/{name}"}


def key_of(method: Method) -> str:
    """The method's name as a key: `order.place` is `order_place`."""
    return method.name.replace(".", "_")
