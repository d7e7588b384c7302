"""The journal of a partition and its events: written, numbered, timed, bounded and trimmed."""
