"""API client of the command line: the exchange's HTTP API, one request at a time; refusals are raised as a `Fault`."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from openbell.errors import WRONG_USE, Fault, RequestRefused

TIMEOUT_SECONDS: Final = 10.0
DEFAULT_URL: Final = "http://127.0.0.1:8080"


@dataclass(frozen=True)
class Readiness:
    """Readiness: whether an order for each instrument would be answered now, and if not, why.

    degraded: the partitions that would not answer, as `/health/ready` names them; empty if the gateway itself waits.
    """

    ready: bool
    why: str = ""
    degraded: tuple[dict[str, Any], ...] = ()

    @property
    def is_final(self) -> bool:
        """Whether waiting does not help: every degraded partition has stopped, and needs an operator."""
        return bool(self.degraded) and all(row.get("stopped") for row in self.degraded)


NOBODY: Final = Readiness(ready=False, why="nobody answers there")
NO_EXCHANGE: Final = Readiness(ready=False, why="what answers there is no exchange")


@dataclass(frozen=True)
class Api:
    """The API of an exchange at `url`; requests carry `token` unless it is empty."""

    url: str
    token: str = field(default="", repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    def __post_init__(self) -> None:
        """Refuse a `url` that is no web address, before a token is sent anywhere."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise Fault(f"{self.url!r} is not the URL of an exchange", f"Write it like {DEFAULT_URL}.", code=WRONG_USE)

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The body of a GET."""
        return self._request("GET", path, None)

    def put(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """The body of the answer to a PUT."""
        return self._request("PUT", path, body)

    def post(self, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """The body of the answer to a POST."""
        return self._request("POST", path, body)

    def delete(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The body of the answer to a DELETE."""
        return self._request("DELETE", path, None)

    def is_ready(self) -> bool:
        """Whether the exchange answers orders for every instrument."""
        return self.readiness().ready

    def readiness(self) -> Readiness:
        """The answer of `/health/ready`."""
        try:
            with urllib.request.urlopen(self.url.rstrip("/") + "/health/ready", timeout=self.timeout_seconds):  # noqa: S310
                return Readiness(ready=True)
        except urllib.error.HTTPError as error:
            problem = _problem(error.read())
            if "code" not in problem:
                return NO_EXCHANGE
            rows = problem.get("degraded")
            return Readiness(
                ready=False, why=str(problem.get("message", "")), degraded=tuple(rows) if isinstance(rows, list) else ()
            )
        except (OSError, http.client.HTTPException):
            return NOBODY

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:  # noqa: ANN401 - JSON
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
            self.url.rstrip("/") + path,
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        if self.token:
            # Unredirected: a redirect to another host must not carry the token along.
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_seconds) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise RequestRefused(error.code, _problem(error.read())) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Fault(
                f"no exchange answers at {self.url} ({_reason(error)})",
                "Start one with `openbell up`, or name another with --url.",
            ) from error


def path_of(symbol: str) -> str:
    """The admin path of an instrument."""
    return f"/v1/admin/instruments/{quote(symbol, safe='')}"


def _problem(body: bytes) -> dict[str, Any]:
    try:
        problem = json.loads(body)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason)
