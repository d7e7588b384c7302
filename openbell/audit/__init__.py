"""`openbell audit`: whether the events of an exchange are what its journals give.

`store` finds the streams, of a running exchange or of a copy of one that is stopped; `openbell.commands.audit` audits
each partition (`streams.audit.audit`) and prints what was found.
"""
