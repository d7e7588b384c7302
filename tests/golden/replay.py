"""Answer a golden journal and print, for each message, the chain after it and a digest of all that was rendered.

    PYTHONPATH=. python tests/golden/replay.py journal_4 | cut -d' ' -f1 > tests/golden/chains_4.txt

records the chains of version 4 anew, which is right only while that version is being made. `journal.jsonl` and
`chains.txt` are of version 2, `checkpoint.bin` is the state that version 2 had after CHECKPOINT messages of it: these
never change. A journal that has been published never changes either: commands are appended to it.
"""

from __future__ import annotations

import json
import sys
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from streams.partition.partition import Partition
from streams.partition.state import restored
from streams.recovery.checkpoints import parts_in
from streams.wire import wide

if TYPE_CHECKING:
    from collections.abc import Iterator

GOLDEN = Path(__file__).parent
PARTITION = 3
CHECKPOINT = 30


def messages(journal: str) -> Iterator[tuple[bytes, int, int]]:
    """What a journal holds: each message with its sequence and the time of its storing."""
    for number, line in enumerate((GOLDEN / f"{journal}.jsonl").read_text().splitlines(), start=1):
        message = json.loads(line)
        yield wide.encode([1, "golden", number, message["commands"]]), number, message["stored_at"]


def from_checkpoint() -> Partition:
    """The partition that the checkpoint of version 2 was made of."""
    return restored(PARTITION, parts_in((GOLDEN / "checkpoint.bin").read_bytes()))


def main(journal: str) -> None:
    """Print a line for each message of the journal."""
    partition = Partition(PARTITION)
    for message in messages(journal):
        output = partition.answer(*message)
        rendered = blake2b(repr(output[4:]).encode(), digest_size=16).hexdigest()
        sys.stdout.write(f"{partition.chain.hex()} {rendered}\n")


if __name__ == "__main__":
    main(sys.argv[1])
