"""Client settings: bounds and defaults, each with its behaviour. Times are seconds."""

from __future__ import annotations

from dataclasses import dataclass

CANCELING = ("", "connection", "account")
"""The values of `cancel_on_disconnect`."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What a `Client` may be told about itself.

    connect_timeout: how long `async with Client(…)` tries to get a first connection; later ones are tried for ever.
    request_timeout: how long a request may take, reconnecting included; then `OutcomeUnknown` or `ConnectionLost`.
    stale_after: a connection that brings nothing for so long, heartbeats included, is given up for a new one.
    reconnect_delay_max: the pause before each attempt is random between 0 and a limit that doubles up to this.
    repeat_placements: a placement left unanswered is sent again with its client order id, which is always safe.
    in_flight_max: requests that wait for their answer; more wait to be sent.
    feed_messages_max: messages a feed keeps for its reader; then it fails with `TooSlow`. Books and tickers keep
        the newest state only, and reports are fetched again from the exchange when there is room.
    cancel_on_disconnect: "connection" or "account": what the exchange cancels when this client goes away.
    account: the account to act for; "" is the token's own.
    """

    connect_timeout: float = 10.0
    request_timeout: float = 30.0
    stale_after: float = 5.0
    reconnect_delay_max: float = 10.0
    repeat_placements: bool = True
    in_flight_max: int = 500
    feed_messages_max: int = 10_000
    cancel_on_disconnect: str = ""
    account: str = ""

    def __post_init__(self) -> None:
        """Refuse settings that could only fail later, or never end.

        Raises:
            ValueError: a bound or time is not above zero, or a word is unknown; the sentence names it.
        """
        for name in ("connect_timeout", "request_timeout", "stale_after", "in_flight_max", "feed_messages_max"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above zero, not {getattr(self, name)!r}")
        if not self.reconnect_delay_max >= 0:
            raise ValueError(f"reconnect_delay_max must be zero or more, not {self.reconnect_delay_max!r}")
        if self.cancel_on_disconnect not in CANCELING:
            raise ValueError(f"cancel_on_disconnect is one of {CANCELING}, not {self.cancel_on_disconnect!r}")
