"""Helpers that several test folders share."""

from __future__ import annotations

import pytest

# Their asserts are test asserts: a failure shows both sides.
pytest.register_assert_rewrite("tests.support.comparison", "tests.support.invariants")
