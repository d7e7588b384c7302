"""Bots: the demo's traders, ordinary SDK clients that keep its instruments trading.

One maker an instrument keeps a ladder of quotes around its own price, a random walk; one taker an instrument buys and
sells at random. All their requests follow from a seed and from the exchange's answers. The bots' rate is bounded: a
maker sends at most one batch every STEP_SECONDS, a taker one order every TAKE_SECONDS on average.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from random import Random
from typing import Final

import structlog

from openbell.client import Client, requests
from openbell.client.errors import OpenbellError, RequestError
from openbell.client.models import Instrument, Order
from openbell.client.requests import Request, Side
from openbell.local.data_dir import DataDir
from openbell.local.demo_instruments import DEMO_INSTRUMENTS
from openbell.local.tokens import token_for

log = structlog.get_logger(__name__)

MAKER: Final = "demo-maker"
TAKER: Final = "demo-taker"
SEED: Final = 1
STEP_SECONDS: Final = 0.5
TAKE_SECONDS: Final = 1.2
PAUSE_SECONDS: Final = 2.0
"""The pause after a failure, so that bots do not load an exchange in trouble."""

TOKEN_SECONDS: Final = 12 * 3_600

LEVELS: Final = 6
"""Quotes a side."""

HALF_SPREAD: Final = Decimal("0.0006")
STEP_BETWEEN: Final = Decimal("0.0005")
"""The distance from the middle to the best quote, and between quotes, as a part of the price."""

STEP_DEVIATION: Final = 0.00018
PULL: Final = Decimal("0.001")
"""The price's random move in one step, and the part of its distance from home that it loses in one."""

LOTS_MAX: Final = 40
LOTS_TAKEN_MAX: Final = 25
HARMLESS: Final = frozenset({"order_done", "unknown_order", "no_change", "would_take"})
"""Refusals that a maker ignores: its order was filled meanwhile, or has its place already."""

SIDES: Final[tuple[Side, Side]] = ("buy", "sell")
TokenOf = Callable[[str], str]
Slot = tuple[Side, int]


class Maker:
    """The ladder of one instrument. No I/O: `requests` gives the requests to send, `answered` applies their answers."""

    def __init__(self, instrument: Instrument, seed: int) -> None:
        assert instrument.reference_price is not None, "a demo instrument has a reference price"
        self.instrument = instrument
        self.home = self.middle = instrument.reference_price
        self._random = Random(f"{seed} {instrument.symbol}")  # noqa: S311 - the same again for the same seed
        self._quotes: dict[Slot, Order] = {}
        self._asked: list[Slot] = []

    def move(self) -> None:
        """Move the price a random step; its pull towards home grows with the distance."""
        wander = Decimal(self._random.gauss(0, STEP_DEVIATION)) * self.middle
        self.middle += wander + (self.home - self.middle) * PULL

    def requests(self) -> list[Request]:
        """The requests that bring the ladder to the price: one for each quote that is missing or at another price."""
        rising = any(self._price(slot) > (quote.price or 0) for slot, quote in self._quotes.items())
        # The side that moves away from the other is sent first, so that no quote meets one of our own.
        sides = SIDES[::-1] if rising else SIDES
        slots = [(side, level) for side in sides for level in range(LEVELS)]
        wanted = [(slot, request) for slot in slots if (request := self._request(slot)) is not None]
        self._asked = [slot for slot, _ in wanted]
        return [request for _, request in wanted]

    def answered(self, answers: list[Order | RequestError]) -> None:
        """Apply the answers to the last requests, in their order."""
        for slot, answer in zip(self._asked, answers, strict=True):
            if isinstance(answer, Order) and answer.is_open:
                self._quotes[slot] = answer
            else:
                self._quotes.pop(slot, None)
                if isinstance(answer, RequestError) and answer.code not in HARMLESS:
                    log.warning("bots.refused", symbol=self.instrument.symbol, code=answer.code)

    def forget(self) -> None:
        """Forget all quotes, which were canceled or have an unknown outcome."""
        self._quotes.clear()

    def _request(self, slot: Slot) -> Request | None:
        price, quote = self._price(slot), self._quotes.get(slot)
        if quote is None:
            quantity = self.instrument.lot_size * self._random.randint(1, LOTS_MAX)
            return requests.place(self.instrument.symbol, slot[0], quantity, price, post_only=True)
        return None if quote.price == price else requests.amend(quote.order_id, price=price)

    def _price(self, slot: Slot) -> Decimal:
        side, level = slot
        away = HALF_SPREAD + STEP_BETWEEN * level
        if side == "buy":
            return on_tick(self.instrument, self.middle * (1 - away))
        tick = tick_at(self.instrument, self.middle)
        return on_tick(self.instrument, self.middle * (1 + away) + tick)


def tick_at(instrument: Instrument, price: Decimal) -> Decimal:
    """The tick at a price."""
    rows = instrument.terms.get("ticks") or [{"from": "0", "tick": instrument.tick_size}]
    return max((Decimal(row["from"]), Decimal(row["tick"])) for row in rows if Decimal(row["from"]) <= price)[1]


def on_tick(instrument: Instrument, price: Decimal) -> Decimal:
    """The nearest price below that is allowed, at least one tick."""
    tick = tick_at(instrument, price)
    return max((price / tick).quantize(Decimal(1), ROUND_FLOOR), Decimal(1)) * tick


@dataclass(frozen=True, slots=True)
class BotPace:
    """The bots' pace: the time between steps, and the pause after a failure."""

    step_seconds: float = STEP_SECONDS
    take_seconds: float = TAKE_SECONDS
    pause_seconds: float = PAUSE_SECONDS


USUAL: Final = BotPace()


async def run(url: str, token_of: TokenOf, stop: asyncio.Event, seed: int = SEED, pace: BotPace = USUAL) -> None:
    """Trade the demo's instruments until `stop` is set, whatever the exchange does meanwhile."""
    async with (
        Client(url, lambda: token_of(MAKER)) as maker,
        Client(url, lambda: token_of(TAKER)) as taker,
        asyncio.TaskGroup() as tasks,
    ):
        trading = tasks.create_task(_trade_listed(maker, taker, seed, pace))
        await stop.wait()
        trading.cancel()


async def _trade_listed(maker: Client, taker: Client, seed: int, pace: BotPace) -> None:
    traded: set[str] = set()
    async with asyncio.TaskGroup() as tasks:
        async for instrument in maker.instruments():
            symbol = instrument.symbol
            if symbol in DEMO_INSTRUMENTS and symbol not in traded and instrument.reference_price is not None:
                traded.add(symbol)
                tasks.create_task(_make(maker, Maker(instrument, seed), pace))
                tasks.create_task(_take(taker, instrument, seed, pace))
                log.info("bots.trading", symbol=symbol)


async def _make(client: Client, maker: Maker, pace: BotPace) -> None:
    symbol = maker.instrument.symbol

    async def begin() -> None:
        maker.forget()
        await client.cancel_all(symbol)

    async def step() -> None:
        maker.move()
        batch = maker.requests()
        if batch:
            maker.answered(await client.batch(batch))

    while True:
        await _survive(symbol, begin, pace)
        while await _survive(symbol, step, pace):  # noqa: ASYNC110 - it is a pace, not a wait
            await asyncio.sleep(pace.step_seconds)


async def _take(client: Client, instrument: Instrument, seed: int, pace: BotPace) -> None:
    random = Random(f"{seed} {instrument.symbol} taker")  # noqa: S311

    async def step() -> None:
        quantity = instrument.lot_size * random.randint(1, LOTS_TAKEN_MAX)
        await client.place(instrument.symbol, random.choice(SIDES), quantity)

    while True:
        await asyncio.sleep(random.expovariate(1 / pace.take_seconds))
        await _survive(instrument.symbol, step, pace)


async def _survive(symbol: str, step: Callable[[], Awaitable[None]], pace: BotPace) -> bool:
    """Run a step, and pause if it fails; whether it succeeded."""
    try:
        await step()
    except OpenbellError as error:
        log.warning("bots.pausing", symbol=symbol, error=str(error))
        await asyncio.sleep(pace.pause_seconds)
        return False
    return True


def tokens_of(data_dir: DataDir) -> TokenOf:
    """Tokens signed by a local exchange's secret, fresh at each call."""
    return lambda account: token_for(data_dir, account, "read trade", TOKEN_SECONDS)
