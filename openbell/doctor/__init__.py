"""`openbell doctor`: finds faults of this set-up, and says how to mend them.

`finding` is a check's result; `machine`, `exchange`, `streams`, `room` are the checks; `report` runs and prints them.
"""
