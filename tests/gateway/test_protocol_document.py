"""docs/protocol.md says what is so: its examples, its codes, its checksum and its numbers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from zlib import crc32

from jsonschema import Draft202012Validator

from gateway.description.asyncapi import asyncapi
from gateway.description.methods import CHANNELS, METHODS
from gateway.description.routes import ROUTES
from gateway.errors import CODES
from gateway.feeds.depth import Depth
from gateway.feeds.subscriptions import DEPTHS, INTERVALS
from gateway.settings import GatewaySettings
from streams.settings import StreamSettings

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "protocol.md").read_text()
COMPONENTS = asyncapi()["components"]
SENT = [json.loads(line) for line in re.findall(r"^→ (.*)$", TEXT, re.MULTILINE)]
ANSWERED = [json.loads(line) for line in re.findall(r"^← (.*)$", TEXT, re.MULTILINE)]


def check(name: str, value: Any) -> None:
    """Hold a value to a schema, and to having no member that the schema does not name."""
    schema = COMPONENTS["schemas"][name]
    Draft202012Validator(schema | {"components": COMPONENTS}).validate(value)
    assert set(value) <= set(schema["properties"]), name


def test_every_request_on_the_page_is_one() -> None:
    """What the page tells clients to send is what the exchange takes."""
    for request in SENT:
        check(request["method"].replace(".", "_") + "_request", request)


def test_every_method_has_an_example() -> None:
    """No method is only named."""
    assert {method.name for method in METHODS} - {"ping"} == {request["method"] for request in SENT}


def test_every_answer_on_the_page_is_one() -> None:
    """Results, errors and channel messages are as the exchange gives them."""
    methods = {request["id"]: request["method"].replace(".", "_") for request in SENT}
    for answer in ANSWERED:
        if "error" in answer:
            check("error", answer)
        elif "id" in answer:
            check(f"{methods[answer['id']]}_result", answer)
        else:
            check(f"{answer['channel']}_{answer['type']}", answer)


def test_every_channel_has_an_example_and_a_row() -> None:
    """No channel is only named."""
    assert {channel.name for channel in CHANNELS} == {frame["channel"] for frame in ANSWERED if "channel" in frame}
    assert all(f"| `{channel.name}` | " in TEXT for channel in CHANNELS)


def test_the_book_on_the_page_can_be_followed() -> None:
    """The frames of `book`, taken in order as the page says, give the checksums that they carry."""
    depth, seq = Depth(), -1
    for frame in [frame for frame in ANSWERED if frame.get("channel") == "book"]:
        assert frame.get("prev", seq) == seq
        seq = frame["seq"]
        depth.apply(frame["bids"], frame["asks"])
        assert depth.checksum() == frame["checksum"]


def test_the_worked_checksum_is_right() -> None:
    """The text in the example is that of its levels, and its CRC32 is the number printed."""
    found = re.search(r'`crc32\("(\d+)"\)` = (\d+)', TEXT)
    assert found
    pieces = re.findall(r"^\| (?:best|next) \w+ \| `([\d.]+)` \| `([\d.]+)` \| `(\d+)` \|$", TEXT, re.MULTILINE)
    for price, quantity, piece in pieces:
        assert price.replace(".", "").lstrip("0") + quantity.replace(".", "").lstrip("0") == piece
    assert "".join(piece for _, _, piece in pieces) == found[1]
    assert crc32(found[1].encode()) == int(found[2])


def test_the_table_of_codes_is_the_one_in_force() -> None:
    """Each code with its status and what to do, in the table's own order."""
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.*) \|$", TEXT, re.MULTILINE)
    assert rows == [(code, str(row.status), row.message) for code, row in CODES.items()]


def test_every_route_is_on_the_page() -> None:
    """The page names each path, written out or with … for an instrument."""
    for route in ROUTES:
        short = route.path.replace("/v1/instruments/{symbol}/", "…/")
        assert route.path in TEXT or short in TEXT or route.path == "/v1/demo/token", route.path


def test_the_limits_on_the_page_are_the_defaults() -> None:
    """Numbers in prose do not drift from the settings."""
    settings = GatewaySettings()
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \| [^|]+ \|$", TEXT.partition("## Limits")[2], re.MULTILINE))
    cancels = settings.cancels_times * settings.orders_per_second, settings.cancels_times * settings.orders_burst
    assert rows["placements and amends per account *"] == rate(settings.orders_per_second, settings.orders_burst)
    assert rows["cancels per account *, and operators' commands"] == rate(*cancels)
    assert rows["questions per account *"] == rate(settings.reads_per_second, settings.reads_burst)
    assert rows["requests without login per address *"] == f"{settings.address_requests_per_second} a second"
    assert rows["connections per address *, per account *"] == (
        f"{settings.connections_per_address}, {settings.connections_per_account}"
    )
    assert rows["subscriptions per connection"] == str(settings.subscriptions_per_connection)
    assert rows["requests in flight per connection"] == (
        f"{settings.requests_in_flight:,}, and {settings.requests_in_flight // 10} cancels more"
    )
    assert rows["requests in a batch"] == str(settings.batch_requests)
    assert rows["unread bytes per connection"] == f"{settings.unread_bytes // 2**20} MiB"
    assert rows["a frame, a body"] == f"{settings.frame_bytes // 2**10} KiB"
    assert rows["rows in a list"] == f"{settings.page_rows}, at most {settings.page_rows_max:,}"
    assert rows["a connection that neither logs in nor subscribes"] == f"{settings.idle_seconds:.0f} s"
    silent = f"a client that says nothing and answers no ping (one after {settings.ping_seconds:.0f} s of silence)"
    assert rows[silent] == f"{settings.silence_seconds:.0f} s"
    assert rows["the headers of a connection's first request"] == f"{settings.first_request_seconds:.0f} s"
    assert rows["connections of one gateway, HTTP and WebSocket *"] == f"{settings.connections_max:,}"
    assert rows["an answer of the exchange"] == f"{StreamSettings().outcome_timeout_seconds:.0f} s"


def rate(per_second: int, burst: int) -> str:
    """A rate as the page writes it."""
    return f"{per_second:,} a second, {burst:,} at once"


def test_the_options_of_book_on_the_page_are_those_taken() -> None:
    """Each depth and interval is named."""
    row = next(line for line in TEXT.splitlines() if line.startswith("| `book` | "))
    assert all(re.search(rf"\b{value}\b", row) for value in (*DEPTHS, *INTERVALS))


def test_every_proof_named_in_the_threats_exists() -> None:
    """What is said to stop an attack is proved by a file in the tree."""
    root = Path(__file__).resolve().parents[2]
    named = set(re.findall(r"`(tests/[\w/.]+)`", (root / "docs" / "threats.md").read_text()))
    assert len(named) > 8
    assert [path for path in sorted(named) if not (root / path).exists()] == []
