"""The demo's traders: ordinary SDK clients that make the demo's instruments worth looking at.

One maker an instrument keeps a ladder of quotes round a price of its own that wanders; one taker an instrument buys
and sells at random. All they do follows from a seed and from what the exchange answers. Their rate is bounded: a
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
"""After something went wrong: an exchange in trouble has other worries than us."""

TOKEN_SECONDS: Final = 12 * 3_600

LEVELS: Final = 6
"""Quotes a side."""

HALF_SPREAD: Final = Decimal("0.0006")
STEP_BETWEEN: Final = Decimal("0.0005")
"""Of the price: from the middle to the best quote, and from one quote to the next."""

STEP_DEVIATION: Final = 0.00018
PULL: Final = Decimal("0.001")
"""How far the price moves by itself in one step, and how much of its distance from home it loses in one."""

LOTS_MAX: Final = 40
LOTS_TAKEN_MAX: Final = 25
HARMLESS: Final = frozenset({"order_done", "unknown_order", "no_change", "would_take"})
"""Refusals that a maker lives with: its order was filled meanwhile, or has its place already."""

SIDES: Final[tuple[Side, Side]] = ("buy", "sell")
TokenOf = Callable[[str], str]
Slot = tuple[Side, int]


class Maker:
    """Keeps a ladder on one instrument. It sends nothing itself: `requests` says what, `answered` hears what became."""

    def __init__(self, instrument: Instrument, seed: int) -> None:
        assert instrument.reference_price is not None, "a demo instrument has a reference price"
        self.instrument = instrument
        self.home = self.middle = instrument.reference_price
        self._random = Random(f"{seed} {instrument.symbol}")  # noqa: S311 - the same again for the same seed
        self._quotes: dict[Slot, Order] = {}
        self._asked: list[Slot] = []

    def move(self) -> None:
        """Let the price wander; it is drawn back home the stronger the farther it is."""
        wander = Decimal(self._random.gauss(0, STEP_DEVIATION)) * self.middle
        self.middle += wander + (self.home - self.middle) * PULL

    def requests(self) -> list[Request]:
        """What brings the ladder to the price: one request for each quote that is missing or elsewhere."""
        rising = any(self._price(slot) > (quote.price or 0) for slot, quote in self._quotes.items())
        # The side that goes away from the other moves first, so that no quote meets one of our own.
        sides = SIDES[::-1] if rising else SIDES
        slots = [(side, level) for side in sides for level in range(LEVELS)]
        wanted = [(slot, request) for slot in slots if (request := self._request(slot)) is not None]
        self._asked = [slot for slot, _ in wanted]
        return [request for _, request in wanted]

    def answered(self, answers: list[Order | RequestError]) -> None:
        """Learn what became of the last requests, in their order."""
        for slot, answer in zip(self._asked, answers, strict=True):
            if isinstance(answer, Order) and answer.is_open:
                self._quotes[slot] = answer
            else:
                self._quotes.pop(slot, None)
                if isinstance(answer, RequestError) and answer.code not in HARMLESS:
                    log.warning("bots.refused", symbol=self.instrument.symbol, code=answer.code)

    def forget(self) -> None:
        """Know of no quote: they were canceled, or nobody knows."""
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
    """The tick that holds at a price."""
    rows = instrument.terms.get("ticks") or [{"from": "0", "tick": instrument.tick_size}]
    return max((Decimal(row["from"]), Decimal(row["tick"])) for row in rows if Decimal(row["from"]) <= price)[1]


def on_tick(instrument: Instrument, price: Decimal) -> Decimal:
    """The nearest price below that is allowed, at least one tick."""
    tick = tick_at(instrument, price)
    return max((price / tick).quantize(Decimal(1), ROUND_FLOOR), Decimal(1)) * tick


@dataclass(frozen=True, slots=True)
class BotPace:
    """How often bots do something, and how long they pause when that failed."""

    step_seconds: float = STEP_SECONDS
    take_seconds: float = TAKE_SECONDS
    pause_seconds: float = PAUSE_SECONDS


USUAL: Final = BotPace()


async def run(url: str, token_of: TokenOf, stop: asyncio.Event, seed: int = SEED, pace: BotPace = USUAL) -> None:
    """Trade the demo's instruments until told to stop, whatever the exchange does meanwhile."""
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
    """Do a step; when it fails, pause. Whether it went well."""
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
