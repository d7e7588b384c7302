"""Broker: one connection to nats-server, its streams and buckets read and written; nothing of trading."""
