"""`openbell audit`: compares the events of an exchange with a replay of its journals.

`store` finds the streams, of a running exchange or of a copy of one that is stopped; `openbell.commands.audit` audits
each partition (`streams.audit.audit`) and prints the findings.
"""
