"""`openbell doctor`: what is wrong with this set-up, and how to mend it.

`finding` is what a check says; `machine`, `exchange` and `streams` hold the checks; `report` runs and prints them.
"""
