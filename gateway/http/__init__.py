"""HTTP: the listener, what every request passes, and the routes."""
