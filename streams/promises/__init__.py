"""Promises of gateways to cancel orders, carried out by leaders when a gateway is gone."""
