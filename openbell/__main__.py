"""`python -m openbell` is `openbell`."""

from __future__ import annotations

from openbell.cli import main

if __name__ == "__main__":
    main()
