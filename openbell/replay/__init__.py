"""`openbell replay`: sends real order flow through a running exchange, and compares the result with the real market.

`lobster` reads the files; `plan` turns messages into orders with a small reference book; `comparison` compares the
exchange's best prices with the recorded ones and explains differences; `run` sends the orders with a client; the
command line is `openbell.commands.replay`. Only `run` does I/O beyond reading files. `evidence` repeats the fault that
stopped a partition.
"""
