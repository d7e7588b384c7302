"""WebSocket: a socket, its session, and the methods that a client calls on it."""
