"""No secret leaves by a log, whoever logs it and wherever it stands."""

from __future__ import annotations

import pytest

from openbell.local.blot import text_without_secrets
from tests.openbell.test_logs import BEGINNING, logged

HIDDEN = "opaque-and-hidden"
LEAKS = {
    "a header in an exception": f"""
try:
    raise ValueError("Invalid header: b'Authorization: Bearer {HIDDEN}'")
except ValueError:
    log.exception("process.failed")""",
    "a library's exception": f"""
try:
    raise ValueError("Cookie: a={HIDDEN}; b=2")
except ValueError:
    logging.getLogger("aiohttp.server").exception("Error handling request")""",
    "its cause": f"""
try:
    try:
        raise KeyError("Bearer {HIDDEN}")
    except KeyError as error:
        raise RuntimeError from error
except RuntimeError as error:
    log.error("process.failed", exc_info=error)""",
    "a library's words": f'logging.getLogger("nats").error("no servers: %s", "nats://me:{HIDDEN}@nats:4222")',
    "a URL's query": f'log.warning("jwks.away", source="https://keys.example/set?key={HIDDEN}")',
    "a field of a field": f'log.info("client.came", headers={{"Cookie": "{HIDDEN}", "x": [dict(token="{HIDDEN}")]}})',
    "an object": f"""
class Shown:
    def __repr__(self): return "<Headers(Authorization: Bearer {HIDDEN})>"
log.info("client.came", request=Shown())""",
    "a callback's values": f"""
import asyncio
async def run():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(logs.loop_fault)
    loop.call_soon(lambda data: 1 / 0, b"of mine: {HIDDEN}")
    await asyncio.sleep(0)
asyncio.run(run())""",
    "a task nobody waits for": f"""
import asyncio
async def run():
    async def fail(): raise ValueError("Authorization: Basic {HIDDEN}")
    asyncio.get_running_loop().set_exception_handler(logs.loop_fault)
    asyncio.get_running_loop().create_task(fail())
    await asyncio.sleep(0)
asyncio.run(run())""",
}


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_leaves_by_a_back_door(form: str) -> None:
    """Not in tracebacks, not in what libraries and the event loop say, not deep in a field."""
    text = "\n".join(logged(BEGINNING + "\n".join(LEAKS.values()), OPENBELL_LOG_FORMAT=form))
    assert HIDDEN not in text
    assert text.count("process.callback_failed") == 2
    assert text.count("ValueError: ") >= 3
    assert "no servers: nats://[secret]@nats:4222" in text


@pytest.mark.parametrize(
    "text",
    ["GET /v1/time", "Bearer", "price 1.50 at 12:00:03", "nats://127.0.0.1:4222", "https://a.example/set", "a@b"],
)
def test_what_is_no_secret_stays(text: str) -> None:
    """Words that only look alike are left as they are."""
    assert text_without_secrets(text) == text
