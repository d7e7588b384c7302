"""nats-server in memory, as far as this project uses it; tests/streams/test_contract.py holds both to one contract."""
