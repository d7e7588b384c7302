"""`openbell replay`: real order flow through a running exchange, compared with what the real market showed.

`lobster` reads the files; `plan` turns messages into orders with a small reference book; `comparison` sets the
exchange's best prices against the recorded ones and explains differences; `run` does it with a client; the command
line is `openbell.commands.replay`. Only `run` does I/O beyond reading files. `evidence` repeats what stopped a
partition.
"""
