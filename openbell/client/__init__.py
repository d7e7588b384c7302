"""The client SDK: `from openbell import Client`.

`client` is what programs call; `connection` keeps one WebSocket alive; `feeds`, `tape`, `positions` and `reports` turn
channels into async iterators, `stream` gives their beginnings; `book`, `sequence` and `requests` do no I/O; `models`
are the values returned. The SDK logs to `logging.getLogger("openbell.client")`, which is silent unless the program
sets up logging.
"""

from logging import NullHandler, getLogger

from openbell.client.client import Client as Client
from openbell.client.settings import ClientSettings as ClientSettings

getLogger(__name__).addHandler(NullHandler())
