"""Throttle: rate limits by token buckets, per account and per address.

Rules: pure, time comes in as seconds of a monotonic clock; a refused request costs nothing; a request that counts as
several (a batch) is allowed whole or not at all. Cancels have a bucket of their own, so that a client that places too
much can still cancel; operators' commands spend from that bucket, too.
Bound: each kind keeps `BUCKETS_MAX` buckets and then evicts the least recently used, which by then has refilled unless
so many others were used within its few seconds of refilling.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.errors import RateLimited

if TYPE_CHECKING:
    from gateway.settings import GatewaySettings

BUCKETS_MAX: Final = 100_000

ROUNDING: Final = 1e-6
"""Tokens that float arithmetic may lose: a client that waits exactly `retry_after` seconds is allowed."""

ORDERS: Final = "orders"
CANCELS: Final = "cancels"
READS: Final = "reads"
ADDRESS: Final = "address"


class Policy(NamedTuple):
    """A limit: `rate` a second on average, `burst` at once."""

    name: str
    rate: float
    burst: int

    @property
    def window_seconds(self) -> int:
        """How long an empty bucket takes to refill: the time window of the header's quota."""
        return max(1, math.ceil(self.burst / self.rate))

    def header(self) -> str:
        """The RateLimit-Policy value (draft-ietf-httpapi-ratelimit-headers, a structured field)."""
        return f'"{self.name}";q={self.burst};w={self.window_seconds}'


class Grant(NamedTuple):
    """A bucket's decision on one request, and the tokens that are left."""

    policy: Policy
    allowed: bool
    remaining: int
    full_in_seconds: float
    retry_after: float

    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy, for every answer."""
        left = f'"{self.policy.name}";r={self.remaining};t={math.ceil(self.full_in_seconds)}'
        return {"RateLimit-Policy": self.policy.header(), "RateLimit": left}


class TokenBucket:
    """The tokens of one key: `tokens` at time `at`, negative after a large batch."""

    __slots__ = ("at", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at

    def fill(self, policy: Policy, now: float) -> None:
        """Refill for the time since the last request; a clock that steps back counts as no time."""
        self.tokens = min(policy.burst, self.tokens + max(0.0, now - self.at) * policy.rate)
        self.at = now


class TokenBuckets:
    """The buckets of one policy, least recently used first."""

    def __init__(self, policy: Policy, buckets_max: int = BUCKETS_MAX) -> None:
        self.policy = policy
        self._max = buckets_max
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, count: int, now: float) -> Grant:
        """Spend `count` tokens, or none. `count` 0 only reads the bucket and is always allowed."""
        bucket = self._bucket(key, now)
        bucket.fill(self.policy, now)
        # A request above the burst is allowed on a full bucket, into debt: such a request could never pass otherwise.
        needed = min(count, self.policy.burst)
        allowed = needed == 0 or bucket.tokens + ROUNDING >= needed
        if allowed:
            bucket.tokens -= count
        return self._allowance(bucket, allowed, needed)

    def _bucket(self, key: str, now: float) -> TokenBucket:
        bucket = self._buckets.get(key)
        if bucket is not None:
            self._buckets.move_to_end(key)
            return bucket
        if len(self._buckets) >= self._max:
            self._buckets.popitem(last=False)
        bucket = self._buckets[key] = TokenBucket(self.policy.burst, now)
        return bucket

    def _allowance(self, bucket: TokenBucket, allowed: bool, needed: int) -> Grant:
        missing = self.policy.burst - bucket.tokens
        wait = 0.0 if allowed else (needed - bucket.tokens) / self.policy.rate
        return Grant(self.policy, allowed, max(0, int(bucket.tokens)), missing / self.policy.rate, wait)


class Throttle:
    """All buckets of a gateway process. A disabled throttle allows everything and gives no headers."""

    def __init__(self, policies: list[Policy], enabled: bool = True, buckets_max: int = BUCKETS_MAX) -> None:
        self.enabled = enabled
        self._kinds = {policy.name: TokenBuckets(policy, buckets_max) for policy in policies}

    @classmethod
    def from_settings(cls, settings: GatewaySettings) -> Throttle:
        """The throttle of four kinds, with the rates configured."""
        rate, burst, cancels = settings.orders_per_second, settings.orders_burst, settings.cancels_times
        policies = [
            Policy(ORDERS, rate, burst),
            Policy(CANCELS, rate * cancels, burst * cancels),
            Policy(READS, settings.reads_per_second, settings.reads_burst),
            Policy(ADDRESS, settings.address_requests_per_second, settings.address_requests_burst),
        ]
        return cls(policies, settings.rate_limits)

    def spend(self, kind: str, key: str, now: float, count: int = 1) -> dict[str, str]:
        """Spend `count` tokens from the bucket of `kind` and `key`; the answer's headers, or ApiError `rate_limited`.

        kind: ORDERS, CANCELS or READS with an account as key, ADDRESS with `addresses.limit_key`.
        """
        if not self.enabled:
            return {}
        allowance = self._kinds[kind].take(key, count, now)
        if not allowance.allowed:
            raise RateLimited(allowance.retry_after, allowance.headers())
        return allowance.headers()
