"""Errors of streams/: what can go wrong between us and NATS.

StreamError
├── Busy                 surely not stored: the client may repeat it after `retry_after` seconds
│   └── NearlyFull       … because the journal's last room is reserved for commands that reduce risk
├── OutcomeUnknown       may have been stored: only the same client order id makes a repeat safe
├── Unavailable          a request was not answered in time
│   └── NobodyListens    … because its subject has no subscriber
├── NotStored            JetStream refused, or it was never sent: definite
│   ├── NotSent          the connection was away
│   └── WrongSequence    another message has the sequence that ours expected
├── StoreUnknown         no acknowledgement: it may be stored, now or seconds later
├── PayloadTooLarge      above the server's max_payload; sending it would have closed the connection
├── Undecodable          bytes, or the value of a key, that are not of our form
├── ApiRefused           a JetStream management request was answered with an error
├── TopologyMismatch     the streams that exist are not the ones that were configured
├── StreamTooShort       a stream ends before the place where reading was to start
├── StreamGap            a stream no longer holds a message that was to be read
├── Overtaken            another leader answered this message with the same authority: step down
├── PartitionStopped     the partition's streams contradict each other: a person has to look
│   ├── Damage           … as an audit has found
│   └── PartitionFailed  … or we are wrong: a message that cannot be answered without breaking our own rules
├── AnsweredLate         a replay differs from EVENTS only because messages were answered late
├── CopyAway             a server does not give its copy of a stream to be read now
├── CopyDamaged          what one server has of a partition is damaged, what its leader has is not
├── CheckpointUnusable   a checkpoint cannot be restored: use the one before
│   └── CheckpointDamaged    … because it has changed since it was written
├── ChildFailed          a forked copy of this process did not do its work
├── ConnectionLost       the client library gave the connection up for good: the process ends
└── ServerFailed         the embedded nats-server did not start, or died

Not about NATS, and each caught where its module says so: SettingsError, WrongEntry, QueryRefused.
"""

from __future__ import annotations


class StreamError(Exception):
    """Base of all errors of the world that streams/ raises."""


class Busy(StreamError):
    """The command was surely not stored."""

    def __init__(self, why: str, retry_after: float = 1.0) -> None:
        super().__init__(why)
        self.retry_after = retry_after


class NearlyFull(Busy):
    """The journal accepts only more urgent commands now."""


class OutcomeUnknown(StreamError):
    """The command's outcome did not come in time; the command may be stored and carried out."""


class Unavailable(StreamError):
    """No answer came in time."""


class NobodyListens(Unavailable):
    """The server knows of no subscriber for the subject."""


class NotStored(StreamError):
    """JetStream has not stored the message and will not. `code` is its err_code, 0 where there is none."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(f"{description} ({code})" if code else description)
        self.code = code


class NotSent(NotStored):
    """The message never left: NATS was away."""

    def __init__(self) -> None:
        super().__init__(0, "NATS is away")


class WrongSequence(NotStored):
    """The stream, or the key, was not at the sequence that was expected."""


class StoreUnknown(StreamError):
    """No acknowledgement came: the message may be stored, now or later."""


class PayloadTooLarge(StreamError):
    """The message is larger than the server's max_payload."""


class ApiRefused(StreamError):
    """The JetStream API answered with an error. `code` is its err_code."""

    def __init__(self, subject: str, code: int, description: str) -> None:
        super().__init__(f"{subject}: {description} ({code})")
        self.code = code


class Undecodable(StreamError):
    """The bytes that were read are not exactly of our form: damaged, or of another version."""


class TopologyMismatch(StreamError):
    """The streams that exist differ from the configured ones in a way that needs a person."""


class StreamTooShort(StreamError):
    """The stream ends before the place where reading was to start."""


class StreamGap(StreamError):
    """A message that was to be read is not in the stream any more."""


class Overtaken(StreamError):
    """Another answer is stored at the sequence of ours."""

    def __init__(self, partition: int, sequence: int) -> None:
        super().__init__(f"partition {partition}: sequence {sequence} of the events is not what this worker computed")
        self.partition = partition
        self.sequence = sequence


class PartitionStopped(StreamError):
    """The partition cannot go on by itself: its streams contradict each other at `sequence`."""

    def __init__(self, partition: int, sequence: int, why: str) -> None:
        super().__init__(f"partition {partition} stopped at sequence {sequence}: {why}")
        self.partition = partition
        self.sequence = sequence


class AnsweredLate(StreamError):
    """A replay differs from EVENTS because messages were answered late: `late` is when, by sequence. Replay again."""

    def __init__(self, partition: int, late: dict[int, int]) -> None:
        super().__init__(f"partition {partition}: {len(late)} messages were answered late")
        self.partition = partition
        self.late = late


class PartitionFailed(PartitionStopped):
    """Answering the message broke one of our own invariants; raised from the original exception."""

    def __init__(self, partition: int, sequence: int, fault: Exception) -> None:
        super().__init__(partition, sequence, f"our own fault, {type(fault).__name__}: {fault}")


class Damage(PartitionStopped):
    """An audit has found damage in a partition, and ends there; `where` is as in `diagnosis`."""

    def __init__(self, number: int, sequence: int, where: str, what: str) -> None:
        super().__init__(number, sequence, f"{where} {what}")
        self.where = where
        self.what = what


class CopyAway(StreamError):
    """One server is away, or none of the new consumers was placed on it."""


class CopyDamaged(StreamError):
    """One server's copy of a partition's streams is wrong at `sequence`, and the others' are not."""

    def __init__(self, partition: int, sequence: int, why: str) -> None:
        super().__init__(f"partition {partition}, sequence {sequence} {why}")
        self.sequence = sequence


class CheckpointUnusable(StreamError):
    """A sound checkpoint that cannot be used: it is of another form, pruned, or its streams are trimmed."""


class CheckpointDamaged(CheckpointUnusable):
    """A checkpoint that is incomplete, or of another history than EVENTS."""


class ChildFailed(StreamError):
    """A forked copy of this process ended badly, or not in time."""


class ConnectionLost(StreamError):
    """The connection is closed for good."""


class ServerFailed(StreamError):
    """The embedded nats-server did not start, or ended by itself."""


class SettingsError(ValueError):
    """A setting that is impossible: the sentence names the variable, or the file, and says what it may be."""


class WrongEntry(Exception):
    """An event that cannot follow from those before it, found by the order ledger of an audit."""


class QueryRefused(Exception):
    """The answer to a query is the error `code`; `body` is the client's JSON."""

    def __init__(self, code: str, body: str) -> None:
        super().__init__(code)
        self.code = code
        self.body = body
