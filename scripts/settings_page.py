"""Write docs/settings.md, the reference page of all settings, from their own docstrings."""

from __future__ import annotations

from pathlib import Path

from openbell.local.environment import page

if __name__ == "__main__":
    (Path(__file__).resolve().parent.parent / "docs" / "settings.md").write_text(page())
