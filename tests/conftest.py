"""What all tests share: where the recorded market data is, and that random tests can be repeated."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile(
    "openbell", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile("openbell")


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """What a test configures of the log holds for that test alone: others look at what is logged."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.fixture(scope="session")
def lobster() -> Path:
    """The folder of the recorded NASDAQ hour; tests that need it are skipped where it is not."""
    folder = Path(os.environ.get("OPENBELL_DATA", ROOT.parent / "shared" / "data")) / "lobster"
    if not folder.is_dir():
        pytest.skip("no recorded market data here (set OPENBELL_DATA to the folder that holds lobster/)")
    return folder
