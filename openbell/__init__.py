"""The way in: the command line (`openbell up`, …) and the client SDK (`from openbell import Client`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openbell.client import Client as Client

__all__ = ["Client"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a module's attribute may be anything
    """Load the SDK when it is asked for: the command line shall not wait for it."""
    if name == "Client":
        from openbell.client import Client  # noqa: PLC0415

        return Client
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
