"""`openbell replay`: real order flow through a running exchange, compared with what the real market showed.

`lobster` reads the files; `plan` turns messages into orders with a small reference book; `comparison` sets the
exchange's best prices against the recorded ones and explains differences; `run` does it with a client; `command` is
the command line. Only `run` does I/O beyond reading files. `evidence` repeats what stopped a partition.
"""

from openbell.replay.command import app as app
