"""Streams in NATS: the journal, the event and market-data streams, leadership, and the matching worker."""
