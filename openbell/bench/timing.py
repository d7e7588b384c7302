"""Timing: medians, quantiles and rates of measurements. Durations are seconds, in figures milliseconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self


@dataclass(frozen=True, slots=True)
class Latency:
    """Quantiles of durations, in milliseconds."""

    p50: float
    p99: float
    p999: float

    @classmethod
    def of(cls, durations: Sequence[float]) -> Self:
        """The quantiles of these durations."""
        ordered = sorted(durations)
        return cls(*(round(1_000 * quantile(ordered, part), 3) for part in (0.5, 0.99, 0.999)))

    @classmethod
    def median_of(cls, rounds: Sequence[Self]) -> Self:
        """Quantile by quantile, the median over rounds."""
        return cls(*(median(column) for column in zip(*((one.p50, one.p99, one.p999) for one in rounds), strict=True)))


def quantile(ordered: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of the values does not exceed (nearest rank).

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5), quantile([1.0, 2.0, 3.0, 4.0], 0.999)
    (2.0, 4.0)
    """
    return ordered[max(math.ceil(part * len(ordered)), 1) - 1]
