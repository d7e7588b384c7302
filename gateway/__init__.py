"""Clients: identity, limits, sessions, subscriptions, HTTP, WebSocket, the web page."""
