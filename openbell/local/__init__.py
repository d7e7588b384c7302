"""A local exchange: its data directory, its roles as supervised processes, and what they write."""
