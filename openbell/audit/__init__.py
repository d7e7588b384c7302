"""`openbell audit`: whether the events of an exchange are what its journals give.

`store` finds the streams, of a running exchange or of a copy of one that is stopped; `command` audits each partition
(`streams.auditing`) and tells what was found.
"""
