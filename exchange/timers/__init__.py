"""Timers: expiries of orders, deadlines of accounts and ends of calls, by journal time."""
