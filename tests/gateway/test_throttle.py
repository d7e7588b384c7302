"""Rate limits: token buckets on a clock that the test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ApiError
from gateway.settings import GatewaySettings
from gateway.throttle import ADDRESS, CANCELS, ORDERS, READS, Policy, Throttle, TokenBuckets


def test_a_burst_passes_and_then_the_rate_holds() -> None:
    """2,000 at once, then one every millisecond."""
    throttle = Throttle.from_settings(GatewaySettings())
    for _ in range(2_000):
        throttle.spend(ORDERS, "alice", now=0.0)
    with pytest.raises(ApiError) as refused:
        throttle.spend(ORDERS, "alice", now=0.0)
    assert refused.value.code == "rate_limited"
    assert refused.value.retry_after == pytest.approx(0.001)
    throttle.spend(ORDERS, "alice", now=0.001)


def test_cancels_and_other_accounts_have_buckets_of_their_own() -> None:
    """Who has placed too much can still cancel, and nobody else notices."""
    throttle = Throttle.from_settings(GatewaySettings())
    throttle.spend(ORDERS, "alice", now=0.0, count=2_000)
    with pytest.raises(ApiError):
        throttle.spend(ORDERS, "alice", now=0.0)
    throttle.spend(CANCELS, "alice", now=0.0, count=20_000)
    throttle.spend(READS, "alice", now=0.0)
    throttle.spend(ORDERS, "bob", now=0.0)


def test_an_address_without_login_gets_100_a_second() -> None:
    """The limit for strangers."""
    throttle = Throttle.from_settings(GatewaySettings())
    throttle.spend(ADDRESS, "203.0.113.7", now=0.0, count=100)
    with pytest.raises(ApiError):
        throttle.spend(ADDRESS, "203.0.113.7", now=0.0)
    throttle.spend(ADDRESS, "203.0.113.7", now=1.0, count=100)


def test_a_batch_is_taken_whole_or_not_at_all() -> None:
    """What is refused costs nothing."""
    buckets = TokenBuckets(Policy(ORDERS, rate=1, burst=10))
    assert buckets.take("a", 8, now=0.0).remaining == 2
    refused = buckets.take("a", 5, now=0.0)
    assert (refused.allowed, refused.remaining) == (False, 2)
    assert refused.retry_after == pytest.approx(3.0)
    assert buckets.take("a", 2, now=0.0).allowed


def test_a_batch_larger_than_the_burst_passes_on_a_full_bucket_into_debt() -> None:
    """A small limit never makes a lawful batch impossible, and it is paid for afterwards."""
    buckets = TokenBuckets(Policy(ORDERS, rate=1, burst=10))
    assert buckets.take("a", 50, now=0.0).allowed
    refused = buckets.take("a", 1, now=0.0)
    assert (refused.allowed, refused.remaining) == (False, 0)
    assert refused.retry_after == pytest.approx(41.0)
    assert buckets.take("a", 1, now=41.0).allowed


def test_a_look_is_always_allowed_and_costs_nothing() -> None:
    """The state of a bucket can be shown even while it owes."""
    buckets = TokenBuckets(Policy(ORDERS, rate=1, burst=10))
    buckets.take("a", 50, now=0.0)
    look = buckets.take("a", 0, now=0.0)
    assert (look.allowed, look.remaining, look.full_in_seconds) == (True, 0, 50.0)


def test_headers_are_the_structured_fields_of_the_draft() -> None:
    """Quota and window in the policy, what remains and when it is full again beside it."""
    throttle = Throttle([Policy(ORDERS, rate=1_000, burst=2_000)])
    assert throttle.spend(ORDERS, "alice", now=0.0, count=500) == {
        "RateLimit-Policy": '"orders";q=2000;w=2',
        "RateLimit": '"orders";r=1500;t=1',
    }


def test_a_refusal_carries_the_headers_too() -> None:
    """Retry-After and the state of the bucket come with a 429."""
    throttle = Throttle([Policy(ORDERS, rate=1, burst=2)])
    throttle.spend(ORDERS, "alice", now=0.0, count=2)
    with pytest.raises(ApiError) as refused:
        throttle.spend(ORDERS, "alice", now=0.0, count=2)
    assert refused.value.headers() == {
        "Retry-After": "2",
        "RateLimit-Policy": '"orders";q=2;w=2',
        "RateLimit": '"orders";r=0;t=2',
    }


def test_switched_off_everything_passes() -> None:
    """A load test meets no limit and sees no headers."""
    throttle = Throttle([Policy(ORDERS, rate=1, burst=1)], enabled=False)
    assert throttle.spend(ORDERS, "alice", now=0.0, count=1_000_000) == {}


def test_the_bucket_longest_unused_is_forgotten() -> None:
    """The number of buckets is bounded, and who is active keeps his."""
    buckets = TokenBuckets(Policy(ADDRESS, rate=1, burst=2), buckets_max=2)
    buckets.take("a", 1, now=0.0)
    buckets.take("b", 1, now=1.0)
    buckets.take("a", 1, now=1.5)
    buckets.take("c", 1, now=2.0)
    assert len(buckets) == 2
    assert not buckets.take("a", 2, now=2.0).allowed


def test_a_clock_that_steps_back_gives_nothing_and_takes_nothing() -> None:
    """Time that did not pass fills no bucket."""
    buckets = TokenBuckets(Policy(ORDERS, rate=1, burst=10))
    buckets.take("a", 10, now=100.0)
    assert buckets.take("a", 1, now=50.0).retry_after == pytest.approx(1.0)
    assert buckets.take("a", 1, now=51.0).allowed


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(1, 30)), max_size=60))
def test_never_more_than_the_burst_and_the_rate_passes(asked: list[tuple[float, int]]) -> None:
    """Whatever the pattern of requests, what passed by any time is at most burst + rate × time."""
    policy = Policy(ORDERS, rate=5, burst=20)
    buckets = TokenBuckets(policy)
    now, passed = 0.0, 0
    for pause, count in asked:
        now += pause
        allowance = buckets.take("a", min(count, policy.burst), now)
        passed += min(count, policy.burst) if allowance.allowed else 0
        assert passed <= policy.burst + policy.rate * now + 0.001


@given(st.integers(0, 20), st.integers(1, 20))
def test_waiting_for_retry_after_is_enough(spent: int, asked: int) -> None:
    """Who waits exactly as long as told is let through."""
    buckets = TokenBuckets(Policy(ORDERS, rate=3, burst=20))
    buckets.take("a", spent, now=0.3)
    answer = buckets.take("a", asked, now=0.3)
    assert answer.allowed or buckets.take("a", asked, now=0.3 + answer.retry_after).allowed
