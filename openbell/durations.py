"""Durations as users type them: `90`, `90s`, `15m`, `8h`, `1d`."""

from __future__ import annotations

import re
from typing import Final

from openbell.errors import WRONG_USE, Fault

SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}
matches = re.compile(r"([1-9]\d{0,8})([smhd]?)").fullmatch


def seconds_of(text: str, option: str) -> int:
    """Whole seconds; a `Fault` that names the option if the text is no duration."""
    match = matches(text.strip().lower())
    if match is None:
        raise Fault(f"{option} {text!r} is no duration", "Write it like 90s, 15m, 8h or 1d.", code=WRONG_USE)
    return int(match[1]) * SECONDS[match[2]]
