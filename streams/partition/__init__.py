"""Partition as a function of its journal, without I/O: its answers, queries and state."""
