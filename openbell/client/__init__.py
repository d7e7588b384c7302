"""The client SDK: `from openbell import Client`.

`client` is what programs call; `connection` keeps one WebSocket alive; `feeds` and `reports` turn channels into async
iterators; `book`, `sequence` and `requests` are plain code without a socket; `models` are what comes out.
"""

from openbell.client.client import Client as Client
from openbell.client.settings import ClientSettings as ClientSettings
