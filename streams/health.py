"""The health of a worker, as a page for probes: 200 if what it leads is answered, 503 with a sentence if not.

It speaks as much HTTP as a probe needs: whatever is asked, the answer is the same. It is served only where a port is
set (`health_port`), since several workers may share a machine. Bounds: CONNECTIONS_MAX at once, further ones are
closed unheard; REQUEST_SECONDS for a request.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

CONNECTIONS_MAX: Final = 16
REQUEST_SECONDS: Final = 2.0
REQUEST_BYTES_MAX: Final = 4_096


class HealthPage:
    """See the module. `faults` says what is wrong, a sentence each; nothing is health."""

    def __init__(self, faults: Callable[[], list[str]]) -> None:
        self._faults = faults
        self._open = 0

    async def run(self, port: int) -> None:
        """Serve for ever."""
        server = await asyncio.start_server(self._serve, port=port, limit=REQUEST_BYTES_MAX)
        log.info("worker.health_page", port=port)
        async with server:
            await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= CONNECTIONS_MAX:
                async with asyncio.timeout(REQUEST_SECONDS):
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(self.answer())
                    await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # what a client does is no fault of ours
        finally:
            self._open -= 1
            writer.close()

    def answer(self) -> bytes:
        """The whole answer, whatever was asked."""
        faults = self._faults()
        body = json.dumps({"status": "; ".join(faults) or "ok"}).encode()
        status = "503 Service Unavailable" if faults else "200 OK"
        return (
            f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        ).encode() + body
