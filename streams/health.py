"""Health page of a worker, for probes: 200 if its partitions are answered, 503 with a sentence if not.

The page speaks as much HTTP as a probe needs: every request gets the same response. It is served only if a port is set
(`health_port`), since several workers may share a machine. Bounds: CONNECTIONS_MAX at once, further ones are closed
unread; REQUEST_SECONDS for a request.
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
    """Health page. `faults` returns a sentence for each fault; none means healthy."""

    def __init__(self, faults: Callable[[], list[str]]) -> None:
        self._faults = faults
        self._open = 0

    async def run(self, port: int) -> None:
        """Serve the page on `port`, for ever."""
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
            pass  # a client's fault is not ours
        finally:
            self._open -= 1
            writer.close()

    def answer(self) -> bytes:
        """The whole HTTP response, the same for every request."""
        faults = self._faults()
        body = json.dumps({"status": "; ".join(faults) or "ok"}).encode()
        status = "503 Service Unavailable" if faults else "200 OK"
        return (
            f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        ).encode() + body
