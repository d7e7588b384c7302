"""Entry points: the command line (`openbell up`, …) and the client SDK (`from openbell import Client`)."""

from openbell.client import Client as Client
