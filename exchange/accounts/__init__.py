"""Accounts: positions, fees, limits and kill switches, without any order."""
