"""Writes `web/src/protocol.ts`: the public protocol's shapes as TypeScript, from the gateway's AsyncAPI and OpenAPI.

Run it after changing what the gateway says; `tests/web/test_modules.py` fails until that is done. The file is
committed, so building the screen needs no Python packages.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from gateway.description import asyncapi, openapi  # noqa: E402 - found only by the line above
from gateway.description.methods import CHANNELS  # noqa: E402
from gateway.description.route import Route  # noqa: E402
from gateway.description.routes import ROUTES  # noqa: E402

TARGET: Final = ROOT / "web" / "src" / "protocol.ts"
HEADER: Final = (
    "// The public protocol's shapes. Written by scripts/web_types.py from the gateway's own; do not edit.\n"
)
WORDS: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}

Schema = dict[str, Any]


def main() -> None:
    """Write the file."""
    TARGET.write_text(source(described()), "utf-8")


def described() -> dict[str, Schema]:
    """Every schema of both descriptions by its name."""
    schemas: dict[str, Schema] = openapi.openapi()["components"]["schemas"]
    return schemas | asyncapi.schemas()


def source(schemas: dict[str, Schema]) -> str:
    """The whole file: each schema under its name, and each channel's messages under one."""
    parts = [HEADER, *(declaration(name, schema, schemas) for name, schema in schemas.items())]
    for channel in CHANNELS:
        kinds = [kind for kind in ("snapshot", "update", "end") if f"{channel.name}_{kind}" in schemas]
        union = " | ".join(title(f"{channel.name}_{kind}", schemas) for kind in kinds)
        parts.append(f"{comment(channel.summary)}export type {title(channel.name, schemas)}Frame = {union};\n")
    frames = " | ".join(f"{title(channel.name, schemas)}Frame" for channel in CHANNELS)
    parts.append(f"export type ChannelFrame = {frames};\n")
    parts.extend(answer(route, schemas) for route in ROUTES if route.path.startswith("/v1/admin/"))
    return "\n".join(parts)


def answer(route: Route, schemas: dict[str, Schema]) -> str:
    """The answer of an operator's route: that of GET /v1/admin/partitions is GetAdminPartitionsAnswer."""
    words = [route.method, *(word.strip("{}") for word in route.path.removeprefix("/v1/").split("/"))]
    name = title("_".join([*words, "answer"]).replace("-", "_"), schemas)
    return f"{comment(route.summary)}export type {name} = {kind_of(route.answer, schemas, '')};\n"


def title(name: str, schemas: dict[str, Schema]) -> str:
    """`book_update` is BookUpdate. Two names that differ by their first letter alone are an object and its frame."""
    made = "".join(part[:1].upper() + part[1:] for part in name.split("_"))
    return f"{made}Frame" if made != name and made in schemas else made


def declaration(name: str, schema: Schema, schemas: dict[str, Schema]) -> str:
    """One exported interface, or a type where the schema is no object."""
    written = kind_of(schema, schemas, "")
    opening = f"{comment(schema.get('description', ''))}export "
    if written.startswith("{"):
        return f"{opening}interface {title(name, schemas)} {written}\n"
    return f"{opening}type {title(name, schemas)} = {written};\n"


def kind_of(schema: Schema, schemas: dict[str, Schema], indent: str) -> str:
    """A schema as a type; `indent` is that of the line it begins on."""
    if "$ref" in schema:
        return title(schema["$ref"].rpartition("/")[2], schemas)
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(kind_of(choice, schemas, indent) for choice in schema["anyOf"])
    if schema["type"] == "array":
        return array_of(schema, schemas, indent)
    if schema["type"] == "object":
        return record_of(schema, schemas, indent)
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " | ".join(WORDS[kind] for kind in kinds)


def array_of(schema: Schema, schemas: dict[str, Schema], indent: str) -> str:
    """An array, or a tuple where each place has its own meaning."""
    if "prefixItems" in schema:
        return f"[{', '.join(kind_of(item, schemas, indent) for item in schema['prefixItems'])}]"
    items = kind_of(schema["items"], schemas, indent)
    return f"({items})[]" if " | " in items and not items.startswith("{") else f"{items}[]"


def record_of(schema: Schema, schemas: dict[str, Schema], indent: str) -> str:
    """An object: with known members, or a dictionary."""
    if "properties" not in schema:
        values = schema.get("additionalProperties")
        return f"Record<string, {kind_of(values, schemas, indent) if values else 'unknown'}>"
    inner = f"{indent}  "
    lines = []
    for name, member in schema["properties"].items():
        mark = "" if name in schema.get("required", ()) else "?"
        lines.append(comment(member.get("description", ""), inner))
        lines.append(f"{inner}{name}{mark}: {kind_of(member, schemas, inner)};\n")
    return "{\n" + "".join(lines) + indent + "}" if lines else "Record<string, never>"


def comment(text: str, indent: str = "") -> str:
    """A description as a comment line."""
    return f"{indent}/** {text} */\n" if text else ""


if __name__ == "__main__":
    main()
