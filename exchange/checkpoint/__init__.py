"""Checkpoints: the market's whole state as rows of plain values, and back; ended orders packed as such rows."""
