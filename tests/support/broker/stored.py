"""A stream of the broker: what it takes, refuses, forgets, and numbers.

Refusals carry JetStream's own codes. What has outlived its time is forgotten when next somebody looks.
Times are nanoseconds of the server's clock.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.support.broker.routes import matches

SECOND = 1_000_000_000
OVERHEAD_BYTES = 30
UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}


class Refused(Exception):
    """JetStream says no: `code` is like HTTP's, `err_code` its own."""

    def __init__(self, code: int, err_code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.err_code = err_code


class Message(NamedTuple):
    """One stored message; `expires` is 0 if it stays."""

    sequence: int
    subject: str
    headers: dict[str, str]
    payload: bytes
    stored_at: int
    expires: int

    @property
    def size(self) -> int:
        """About what it takes of the stream's room."""
        return len(self.subject) + len(self.payload) + sum(map(len, self.headers)) + OVERHEAD_BYTES


class StoredStream:
    """See the module. `listeners` are called after each message that was stored."""

    def __init__(self, config: dict[str, Any], clock: Callable[[], int], *, clustered: bool) -> None:
        self.config = config
        self.first = 0
        self.last = 0
        self.full_disk = False
        """Publishes get no answer, as when the disk is full, until the server is restarted."""
        self.listeners: list[Callable[[Message], None]] = []
        self._clock = clock
        self._clustered = clustered
        self._messages: dict[int, Message] = {}
        self._of_subject: dict[str, list[int]] = {}
        self._superseded: dict[str, Message] = {}
        """Of each subject the last message that had to give way to a newer one: what may come back."""
        self._ids: dict[str, tuple[int, int]] = {}  # sequence and time
        self._bytes = 0
        self._mortal = False

    def copied(self) -> StoredStream:
        """A copy that hears of nothing any more."""
        other = copy.copy(self)
        other.listeners = []
        other._messages, other._ids = dict(self._messages), dict(self._ids)
        other._of_subject = {subject: list(numbers) for subject, numbers in self._of_subject.items()}
        return other

    def store(self, subject: str, headers: dict[str, str], payload: bytes) -> tuple[int, bool]:
        """Take a message: its sequence, and whether it was there already. Raises Refused."""
        self._forget_expired()
        name = headers.get("Nats-Msg-Id", "")
        if self._clustered and (known := self._known(name)):
            return known, True
        self._check_expectations(subject, headers)
        if known := self._known(name):
            return known, True
        now = self._clock()
        message = Message(self.last + 1, subject, headers, payload, now, self._expiry(headers, now))
        self._make_room(message)
        self._keep(message)
        if name:
            self._ids[name] = (message.sequence, now)
        for listener in list(self.listeners):
            listener(message)
        return message.sequence, False

    def message(self, sequence: int) -> Message | None:
        """One message."""
        self._forget_expired()
        return self._messages.get(sequence)

    def last_of(self, subject: str) -> Message | None:
        """The newest message of a subject."""
        self._forget_expired()
        sequences = self._of_subject.get(subject)
        return self._messages[sequences[-1]] if sequences else None

    def next_of(self, subject: str, sequence: int) -> Message | None:
        """The first message of a subject from a sequence on."""
        self._forget_expired()
        found = [number for number in self._of_subject.get(subject, []) if number >= sequence]
        return self._messages[found[0]] if found else None

    def all_of(self, pattern: str, sequence: int) -> list[Message]:
        """The messages of all subjects that a pattern means, from a sequence on."""
        self._forget_expired()
        of_pattern = [each for each in self._messages.values() if matches(pattern, each.subject)]
        return [each for each in of_pattern if each.sequence >= sequence]

    def subjects(self) -> Iterator[str]:
        """All subjects that have a message."""
        self._forget_expired()
        return iter(list(self._of_subject))

    def following(self, sequence: int) -> Message | None:
        """The first message from a sequence on."""
        self._forget_expired()
        for number in range(max(sequence, self.first), self.last + 1):
            if number in self._messages:
                return self._messages[number]
        return None

    def count_from(self, sequence: int) -> int:
        """How many messages there are from a sequence on."""
        if len(self._messages) == self.last - self.first + 1:
            return max(0, self.last - max(sequence, self.first) + 1)
        return sum(number >= sequence for number in self._messages)

    def purge(self, below: int | None, subject: str | None, keep: int) -> int:
        """Forget messages: those below a sequence, of a subject, all but the newest `keep`. How many."""
        self._check_may("deny_purge")
        doomed = [
            message.sequence
            for message in self._messages.values()
            if (below is None or message.sequence < below) and subject in (None, message.subject)
        ]
        doomed = doomed[: len(doomed) - keep]
        for sequence in doomed:
            self._forget(sequence)
        if subject is None and not keep:
            self.first = max(self.first, min(below or self.last + 1, self.last + 1))
        return len(doomed)

    def delete(self, sequence: int) -> None:
        """Forget one message."""
        self._check_may("deny_delete")
        if sequence not in self._messages:
            raise Refused(404, 10043, "no message found")
        self._forget(sequence)

    def lose(self, sequence: int) -> None:
        """A bad disk: one message is gone."""
        self._forget(sequence)

    def restore(self, message: Message) -> None:
        """… and is there again."""
        self._messages = dict(sorted({**self._messages, message.sequence: message}.items()))

    def cut(self, last: int) -> None:
        """A bad disk: everything behind a message is gone, and its numbers are given again."""
        for sequence in range(last + 1, self.last + 1):
            self._forget(sequence)
        self.last = last

    def restarted(self, *, revived: bool) -> None:
        """The server has read its store again: the ids it knows are those of what it holds.

        revived: of subjects whose last message was removed the one before is there again, unless its time has passed.
        """
        self.full_disk = False
        self.listeners.clear()
        if revived:
            self._revive()
        held = self._messages
        self._ids = {name: known for name, known in self._ids.items() if known[0] in held}

    def described(self, *, details: bool, through: int | None = None) -> dict[str, Any]:
        """The state as STREAM.INFO tells it; `details` names what is gone from its midst.

        `through`: the last sequence that whoever tells it has heard of.
        """
        self._forget_expired()
        first = self.following(self.first)
        if through is not None and through < self.last:
            held = [message.size for number, message in self._messages.items() if number <= through]
            return {
                "messages": len(held),
                "bytes": sum(held),
                "first_seq": min(self.first, through + 1),
                "last_seq": through,
                "first_ts": first.stored_at if first and held else 0,
            }
        deleted = [number for number in range(self.first, self.last + 1) if number and number not in self._messages]
        state = {
            "messages": len(self._messages),
            "bytes": self._bytes,
            "first_seq": self.first,
            "last_seq": self.last,
            "num_subjects": len(self._of_subject),
        }
        state["first_ts"] = first.stored_at if first else 0
        if deleted:
            state["num_deleted"] = len(deleted)
        return state | ({"deleted": deleted} if details and deleted else {})

    def __len__(self) -> int:
        return len(self._messages)

    def _known(self, name: str) -> int:
        sequence, at = self._ids.get(name, (0, 0))
        window = self.config.get("duplicate_window", 120 * SECOND)
        return sequence if sequence and self._clock() - at <= window else 0

    def _check_expectations(self, subject: str, headers: dict[str, str]) -> None:
        expected = headers.get("Nats-Expected-Last-Sequence")
        if expected is not None and int(expected) != self.last:
            raise Refused(400, 10071, f"wrong last sequence: {self.last}")
        expected = headers.get("Nats-Expected-Last-Subject-Sequence")
        if expected is not None:
            newest = self.last_of(subject)
            last = newest.sequence if newest else 0
            if int(expected) != last:
                raise Refused(400, 10071, f"wrong last sequence: {last}")

    def _expiry(self, headers: dict[str, str], now: int) -> int:
        text = headers.get("Nats-TTL", "")
        if not text:
            return 0
        if not self.config.get("allow_msg_ttl"):
            raise Refused(400, 10166, "per-message TTL is disabled")
        lasts = duration(text)
        if lasts < SECOND:
            raise Refused(400, 10165, "invalid per-message TTL")
        self._mortal = True
        return now + lasts

    def _make_room(self, message: Message) -> None:
        of_subject = self.config.get("max_msgs_per_subject", -1)
        rollup = message.headers.get("Nats-Rollup", "")
        if rollup and self.config.get("allow_rollup_hdrs"):
            of_subject = 1
            doomed = list(self._messages) if rollup == "all" else []
            for sequence in doomed:
                self._forget(sequence)
        if of_subject > 0:
            for sequence in self._of_subject.get(message.subject, [])[: 1 - of_subject or None]:
                self._supersede(self._messages[sequence])
                self._forget(sequence)
        while self._lacks_room(message):
            if self.config.get("discard", "old") == "new" or not self._messages:
                raise Refused(503, 10077, self._lacks_room(message))
            self._forget(self.first)

    def _lacks_room(self, message: Message) -> str:
        most = self.config.get("max_msgs", -1)
        if 0 < most <= len(self._messages):
            return "maximum messages exceeded"
        most = self.config.get("max_bytes", -1)
        return "maximum bytes exceeded" if 0 < most < self._bytes + message.size else ""

    def _check_may(self, denied: str) -> None:
        if self.config.get(denied):
            raise Refused(400, 10109 if denied == "deny_delete" else 10110, "not permitted")

    def _keep(self, message: Message) -> None:
        self.last = message.sequence
        self.first = self.first or 1
        self._messages[message.sequence] = message
        self._of_subject.setdefault(message.subject, []).append(message.sequence)
        self._bytes += message.size

    def _forget(self, sequence: int) -> None:
        message = self._messages.pop(sequence)
        self._bytes -= message.size
        sequences = self._of_subject[message.subject]
        sequences.remove(sequence)
        if not sequences:
            del self._of_subject[message.subject]
        if sequence == self.first:
            self.first = min(self._messages, default=self.last + 1)

    def _supersede(self, message: Message) -> None:
        if not message.expires or message.subject not in self._superseded:
            self._superseded[message.subject] = message

    def _revive(self) -> None:
        self._forget_expired()
        for subject, message in self._superseded.items():
            if subject not in self._of_subject and not 0 < message.expires <= self._clock():
                self._messages[message.sequence] = message
                self._of_subject[subject] = [message.sequence]
                self._bytes += message.size
        self._messages = dict(sorted(self._messages.items()))
        self.first = min(self._messages, default=self.first)

    def _forget_expired(self) -> None:
        now = self._clock()
        if self._mortal:
            for message in [message for message in self._messages.values() if 0 < message.expires <= now]:
                self._forget(message.sequence)
        age = self.config.get("max_age", 0)
        while age and self._messages and self._messages[self.first].stored_at + age < now:
            self._forget(self.first)


def duration(text: str) -> int:
    """A Go duration of one unit, or plain seconds, in ns."""
    for unit in ("ms", "s", "m", "h"):
        if text.endswith(unit):
            return round(float(text[: -len(unit)]) * UNITS[unit])
    return round(float(text) * SECOND)
