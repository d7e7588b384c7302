"""Probe of a container's health check: requests the health page of the role in the same container, over HTTP.

    python -m streams.probe PORT [PATH]

The exit code is 0 for the status 200 and 1 otherwise, with the response on standard output. The probe runs every few
seconds in every container, so it imports nothing but sockets: starting the command line costs thirty times as much.
"""

import socket
import sys

TIMEOUT_SECONDS = 2.0
ANSWER_BYTES_MAX = 65_536
PATH = "/health/ready"


def probe(port: int, path: str = PATH) -> tuple[bool, str]:
    """Whether the server on a port of this machine responds with 200, and its response."""
    try:
        with socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS) as wire:
            wire.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while len(answer) < ANSWER_BYTES_MAX and (piece := wire.recv(ANSWER_BYTES_MAX)):
                answer += piece
    except OSError as error:
        return False, f"nobody answers on port {port}: {error}"
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b" ")[1:2] == [b"200"], body.decode(errors="replace")


def main(arguments: list[str]) -> int:
    """Probe, print the response, and return the exit code."""
    well, said = probe(int(arguments[0]), *arguments[1:2])
    print(said)  # noqa: T201 - `docker inspect` shows it
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
