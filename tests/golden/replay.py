"""Answer the golden journal and print, for each message, the chain after it and a digest of all that was rendered.

    PYTHONPATH=. python tests/golden/replay.py | cut -d' ' -f1 > tests/golden/chains.txt

records the chains anew, which is right only when the engine's semantics or the events' form were changed on purpose.
The journal itself never changes: commands are appended to it.
"""

from __future__ import annotations

import json
import sys
from hashlib import blake2b
from pathlib import Path

import msgspec

from streams.partition import Partition

JOURNAL = Path(__file__).parent / "journal.jsonl"


def main() -> None:
    """Print a line for each message of the journal."""
    partition = Partition(3)
    for number, line in enumerate(JOURNAL.read_text().splitlines(), start=1):
        message = json.loads(line)
        data = msgspec.msgpack.encode([1, "golden", number, message["commands"]])
        output = partition.answer(data, number, message["stored_at"])
        rendered = blake2b(repr(output[4:]).encode(), digest_size=16).hexdigest()
        sys.stdout.write(f"{partition.chain.hex()} {rendered}\n")


if __name__ == "__main__":
    main()
