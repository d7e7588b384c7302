"""How long the random tests look."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("OPENBELL_PROPERTY_EXAMPLES", "100"))
"""Examples per property; the long runs are as many commands times twenty."""

LEISURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
"""An example may take its time: the naive exchange is slow on purpose."""
