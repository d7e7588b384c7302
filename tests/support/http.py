"""An HTTP client of a gateway."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ORDER = {"symbol": "ACME", "side": "buy", "type": "limit", "quantity": "1", "price": "1.5"}


class Client:
    """Speaks to a gateway; `last` is the last response."""

    def __init__(self, http: aiohttp.ClientSession, bearer: str | None) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        headers = self._headers | more.pop("headers", {})
        async with self._http.request(method, path, headers=headers, **more) as response:
            self.last = response
            text = await response.text()
            return await response.json(content_type=None) if text.startswith(("{", "[")) else text

    async def problem(self, method: str, path: str, **more: Any) -> tuple[int, str, str | None]:
        """Status, code and field of a request that must fail, its shape checked."""
        body = await self.ask(method, path, **more)
        assert self.last.content_type == "application/problem+json", body
        assert {"type", "title", "status", "code", "message", "request_id"} <= set(body)
        assert body["status"] == self.last.status
        return self.last.status, body["code"], body.get("field")


@asynccontextmanager
async def client_of(where: str, bearer: str | None = None) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession(f"http://{where}") as http:
        yield Client(http, bearer)
