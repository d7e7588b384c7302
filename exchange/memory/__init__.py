"""Memory of each owner's ended orders and trades: bounded by that owner's own doing, old orders packed into texts."""
