"""Stream checks: NATS and the streams in it; each check needs the one before to succeed."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from openbell.doctor.finding import CheckResult, Severity, fail, ok, warn
from openbell.doctor.room import room
from streams import subjects
from streams.broker import embedded
from streams.broker.bucket import ABSENT, Bucket
from streams.broker.connection import Connection
from streams.broker.reader import NO_SUCH_STREAM, state_of
from streams.errors import ApiRefused, SettingsError, Unavailable
from streams.leadership.liveness import SIGN_INTERVAL
from streams.leadership.refused_partitions import all_refusals
from streams.leadership.stop_marks import StopMarks
from streams.recovery.replicas import Proofs, copies_of
from streams.settings import StreamSettings, without_password
from streams.topology import PARTITIONS_KEY

if TYPE_CHECKING:
    from openbell.doctor.finding import Setup

CONNECT_SECONDS: Final = 3.0
MONITOR_PORT: Final = 8222
MONITOR_SECONDS: Final = 1.0
CLOCK_OFFSET_SECONDS_MAX: Final = 1.0
"""Commands older than 5 s at the journal are refused as `too_late`: a clock this far off consumes much of that."""

SIGNS_SECONDS: Final = 3 * SIGN_INTERVAL
"""Two signs may be late."""


async def nats(setup: Setup, connect_seconds: float = CONNECT_SECONDS) -> list[CheckResult]:
    """The findings of all checks over NATS."""
    if not setup.nats_url:
        mend = "Start one with `openbell up`, or name a server with --nats-url."
        return [warn("nats", f"not looked at: no exchange runs on {setup.data_dir.path}", mend)]
    try:
        settings = StreamSettings.from_environment({**setup.environ, "OPENBELL_NATS_URL": setup.nats_url})
        connection = await asyncio.wait_for(Connection.open(settings, "doctor"), connect_seconds)
    except SettingsError as error:
        return [fail("nats", str(error), "Correct the variable.")]
    except (TimeoutError, OSError) as error:
        return [fail("nats", f"{without_password(setup.nats_url)} does not answer {error}".strip(), _mend_nats(setup))]
    try:
        return await _look(connection, setup, settings)
    finally:
        await connection.close()


async def _look(connection: Connection, setup: Setup, settings: StreamSettings) -> list[CheckResult]:
    reachable = ok("nats", f"{without_password(setup.nats_url)} answers")
    try:
        await connection.api("INFO")
    except (Unavailable, ApiRefused) as error:
        mend = "Start nats-server with nats/server.conf, or with -js; the account needs JetStream."
        return [reachable, fail("jetstream", f"JetStream is not enabled: {error}", mend)]
    found = [reachable, ok("jetstream", "enabled"), await asyncio.to_thread(sync, setup)]
    return found + await _topology(connection, setup, settings)


async def _topology(connection: Connection, setup: Setup, settings: StreamSettings) -> list[CheckResult]:
    """Whether the streams are those of this exchange, with room, copies and leaders, and the clock of their server."""
    try:
        entry = await Bucket(connection, subjects.DIRECTORY).get(PARTITIONS_KEY)
    except ApiRefused as error:
        if error.code != NO_SUCH_STREAM:
            raise
        entry = ABSENT
    if entry == ABSENT:
        return [
            warn("topology", "no exchange has been started on this NATS yet", "Start a worker: it makes the streams.")
        ]
    wanted = setup.environ.get("OPENBELL_PARTITIONS", "").strip() or entry.value
    if wanted != entry.value:
        mend = f"Set OPENBELL_PARTITIONS to {entry.value}: the number is fixed when an exchange is first started."
        return [fail("topology", f"the exchange has {entry.value} partitions, OPENBELL_PARTITIONS says {wanted}", mend)]
    partitions = int(entry.value)
    streams = await _streams(connection, partitions)
    if streams.status is not Severity.OK:
        return [streams]
    return [
        streams,
        await room(connection, partitions, settings),
        await _partitions(connection, partitions),
        await _copies(connection, partitions),
        await _clock(connection),
    ]


async def _streams(connection: Connection, partitions: int) -> CheckResult:
    """Whether every partition has its streams."""
    names = [name(number) for number in range(partitions) for name in (subjects.journal_stream, subjects.events_stream)]
    for name in names:
        try:
            await connection.api(f"STREAM.INFO.{name}")
        except ApiRefused as error:
            return fail("topology", f"stream {name}: {error}", "Start a worker: it makes the streams.")
    return ok("topology", f"{partitions} partitions")


async def _copies(connection: Connection, partitions: int) -> CheckResult:
    """Whether each server's copy of the streams has been scrubbed, and was whole."""
    try:
        copies = {number: await copies_of(connection, number) for number in range(partitions)}
    except ApiRefused as error:
        return fail("copies", str(error), "Start a worker: it makes the streams.")
    everybody = {(number, copy.name) for number, of_number in copies.items() for copy in of_number if copy.name}
    if not everybody:
        return ok("copies", "there is one copy of everything, and its leader's scrub reads it")
    proofs = await Proofs(connection).all()
    damaged = [
        f"{server}: {proofs[number, server].wrong}"
        for number, server in sorted(everybody & proofs.keys())
        if proofs[number, server].wrong
    ]
    if damaged:
        mend = "Stop that server, move its store away, start it empty: it fetches everything. Then `openbell audit`."
        return fail("copies", "; ".join(damaged), mend)
    if missing := sorted(everybody - proofs.keys()):
        text = ", ".join(f"partition {number} on {server}" for number, server in missing)
        return warn("copies", f"nobody has read these yet: {text}", "Run `openbell audit`: it reads every copy.")
    oldest = min(proofs[place].at for place in everybody)
    return ok("copies", f"{len(everybody)} were read and are whole, the first of them at {_clock_time(oldest)}")


def _clock_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


async def _partitions(connection: Connection, partitions: int) -> CheckResult:
    """Whether each partition would answer an order: none has stopped or is refused, and each has a leader."""
    stops = StopMarks(connection)
    await stops.read()
    refusals = await all_refusals(connection)
    silent = [number for number in await _silent(connection, partitions) if number not in stops.marks]
    found = [mark.why for _, mark in sorted(stops.marks.items())]
    found += [f"no worker answers for partition {', '.join(map(str, silent))}"] if silent else []
    found += [
        f"worker {refusal.worker} refuses it and looks again at {_clock_time(refusal.next_look)}: {refusal.why}"
        for refusal in refusals
    ]
    if not found:
        return ok("partitions", "all are led and answer")
    mend = "Start a worker, or look at the log of the one that should lead."
    if stops.marks or refusals:
        mend = "See docs/operations.md, “A stopped partition”. When it is mended the workers find that by themselves."
    return (fail if stops.marks or silent else warn)("partitions", "; ".join(found), mend)


async def _silent(connection: Connection, partitions: int) -> list[int]:
    """The partitions without a sign within SIGNS_SECONDS."""
    silent = set(map(subjects.answering, range(partitions)))
    all_heard = asyncio.Event()

    def hear(subject: str, _: bytes, __: str) -> None:
        silent.discard(subject)
        if not silent:
            all_heard.set()

    subscription = await connection.subscribe(subjects.every_answering(), hear)
    try:
        async with asyncio.timeout(SIGNS_SECONDS):
            await all_heard.wait()
    except TimeoutError:
        pass
    finally:
        await subscription.close()
    return [number for number in range(partitions) if subjects.answering(number) in silent]


async def _clock(connection: Connection) -> CheckResult:
    """The offset of the journal's clock from ours, to within the time of one request."""
    before = time.time_ns()
    state = await state_of(connection, subjects.journal_stream(0))
    middle = (before + time.time_ns()) // 2
    offset_seconds = (state.read_at - middle) / 1e9
    text = f"the journal's clock is {offset_seconds:+.3f} s from ours"
    if abs(offset_seconds) > CLOCK_OFFSET_SECONDS_MAX:
        return fail("clock", text, "Run NTP (chrony) on both machines: orders that seem old are refused as too_late.")
    return ok("clock", text)


def sync(setup: Setup) -> CheckResult:
    """Whether an acknowledged message is on the disk: the default leaves two minutes' worth to a power cut."""
    if setup.running is not None:
        always, source = _configured_sync(), embedded.configuration().name
    else:
        try:
            always, source = _monitored_sync(setup.nats_url), "its monitoring port"
        except (OSError, ValueError, KeyError) as error:
            mend = "Look for `sync_interval: always` in its configuration (nats/server.conf has it)."
            return warn("sync", f"NATS does not tell whether it syncs every write ({error})", mend)
    if always:
        return ok("sync", f"every write goes through to the disk ({source})")
    mend = "Set `sync_interval: always` in its jetstream block, as nats/server.conf does."
    return fail("sync", f"acknowledged orders may be lost with the power ({source})", mend)


def _configured_sync() -> bool:
    text = embedded.configuration().read_text()
    return re.search(r"^\s*sync_interval:\s*always\b", text, re.MULTILINE) is not None


def _monitored_sync(nats_url: str) -> bool:
    host = urlsplit(nats_url.partition(",")[0]).hostname
    address = f"http://{host}:{MONITOR_PORT}/jsz?config=true"
    with urllib.request.urlopen(address, timeout=MONITOR_SECONDS) as answer:
        config: dict[str, Any] = json.loads(answer.read())["config"]
    return bool(config.get("sync_always"))


def _mend_nats(setup: Setup) -> str:
    if setup.running is not None:
        return "Look at the lines of `nats` in the terminal of `openbell up`."
    return "Start it, or correct OPENBELL_NATS_URL; with `openbell nats` there is one on this machine."
