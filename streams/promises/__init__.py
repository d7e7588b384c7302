"""Promises of gateways to cancel orders, and how they are kept when a gateway is gone."""
