"""nats-server in memory, as far as this project uses it; tests/streams/contract holds both to one contract."""
