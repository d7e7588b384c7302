"""nats-server: one connection to it, its streams and buckets read and written; nothing of trading."""
