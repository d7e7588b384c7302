"""A market of named traders, so that a scenario reads as a story.

    market.sell("anna", 5, at="10.02")
    market.buy("carla", 7, at="10.05")
    assert market.tape == ["carla buys 5 from anna at 10.02"]

One engine, one clock that only the story moves. Numbers are given as text or whole numbers and shown as text without
trailing zeros. After every command the rules that always hold are checked (`invariants`).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exchange.accounts.limits import ENABLED, LIMIT_NAMES, MAKER_BPS, MAX_OPEN_ORDERS
from exchange.book.bands import bands_of
from exchange.commands import (
    ENDED_ORDERS_TOTAL_MAX,
    TRADES_REMEMBERED_MAX,
    TRADES_TOTAL_MAX,
    UNNAMED,
    AmendOrder,
    BustTrade,
    CancelAfter,
    CancelAll,
    CancelOrder,
    Configure,
    DelistInstrument,
    DoubleBands,
    DrawEnd,
    ListInstrument,
    PlaceOrder,
    SetKillSwitch,
    SetLimits,
    SetPhase,
    Tick,
)
from exchange.engine import SEMANTICS, Engine
from exchange.events import Accepted, Event, Rejected, Repeated, Traded
from exchange.instrument import Instrument
from exchange.matching.auction import indication
from exchange.terms import (
    BOTH_SIDES,
    BUY,
    CROSSED,
    KIND_NAMES,
    LIMIT,
    MARKET,
    PHASE_NAMES,
    SELL,
    SIDE_NAMES,
    STATUS_NAMES,
    STOP,
    STOP_LIMIT,
)
from exchange.units import SECOND, UNIT, to_text
from tests.support.invariants import check_always_true
from tests.support.words import OPENING, told

if TYPE_CHECKING:
    from exchange.book.order import Order
    from exchange.commands import Command

Number = str | int

Terms = Any
"""Further fields of a PlaceOrder or an Instrument, by their names there."""


def units(number: Number) -> int:
    """The units of a number as people write it: "10.02" or 10."""
    return int(Decimal(number) * UNIT)


def limit_value(field: int, number: Number) -> int:
    """A limit as it is told the engine: a rate in hundredths, a switch or a count as it is, all else in units."""
    if field in (ENABLED, MAX_OPEN_ORDERS):
        return int(number)
    return int(Decimal(number) * 100) if field >= MAKER_BPS else units(number)


def maybe_units(number: Number | None) -> int | None:
    """`units`, or nothing of nothing."""
    return None if number is None else units(number)


@dataclass
class Ticket:
    """What a trader holds of an order: its id (0 = it was refused) and a view of how it stands."""

    market: Market
    order_id: int

    @property
    def order(self) -> Order:
        """The engine's own order, open or remembered."""
        return self.market.engine.orders[self.order_id]

    @property
    def status(self) -> str:
        """One of STATUS_NAMES."""
        return STATUS_NAMES[self.order.status]

    @property
    def reason(self) -> str:
        """Why it ended, or an empty string."""
        return self.order.reason

    @property
    def filled(self) -> str:
        """What of it has traded."""
        return to_text(self.order.filled, 0)

    @property
    def open(self) -> str:
        """What of it may still trade."""
        return to_text(self.order.open_quantity, 0)

    @property
    def shown(self) -> str:
        """What of it the book displays."""
        return to_text(self.order.shown, 0)


class Market:
    """One engine with ACME listed (tick 1, lot 1 unless said otherwise) and whoever comes to trade."""

    def __init__(
        self,
        *,
        trades_per_order_max: int = 10_000,
        ended_orders_max: int = 1_000,
        trades_remembered_max: int = TRADES_REMEMBERED_MAX,
        ended_orders_total_max: int = ENDED_ORDERS_TOTAL_MAX,
        trades_total_max: int = TRADES_TOTAL_MAX,
        semantics: int = SEMANTICS,
        symbol: str = "ACME",
        **terms: Terms,
    ) -> None:
        self.engine = Engine()
        self.now = OPENING
        self.sequence = 0
        self.events: list[Event] = []
        self.tape: list[str] = []
        self.accounts: dict[int, str] = {}
        self._client_order_ids = 0
        own = (ended_orders_max, 5 * SECOND, trades_remembered_max)
        self.apply(Configure(semantics, trades_per_order_max, *own, ended_orders_total_max, trades_total_max))
        self.list_instrument(symbol, **terms)

    def apply(self, command: Command) -> list[Event]:
        """Give the engine a command now; its events are the market's news until the next one."""
        self.sequence += 1
        self.events = self.engine.apply(command, self.sequence, self.now)
        for event in self.events:
            if isinstance(event, Accepted):
                self.accounts[event.order_id] = event.order.account
            if isinstance(event, Traded):
                self.tape.append(_printed(event))
        check_always_true(self.engine)
        return self.events

    # What the operator and the clock do.

    def list_instrument(self, symbol: str, *, tick: Number = 1, lot: Number = 1, **terms: Terms) -> None:
        """List an instrument, or list it anew; `terms` are Instrument's fields, numbers in units."""
        ticks = terms.pop("ticks", [(0, units(tick))])
        self.apply(ListInstrument(Instrument(symbol, ticks, units(lot), **terms)))

    def delist(self, symbol: str = "ACME") -> None:
        """Take an instrument off the exchange."""
        self.apply(DelistInstrument(symbol))

    def limit(self, account: str, symbol: str = "", **limits: Number | None) -> None:
        """Change an account's own limits, by their names: rates in basis points, None takes one away."""
        fields = {LIMIT_NAMES.index(name): number for name, number in limits.items()}
        values = [(field, limit_value(field, number)) for field, number in fields.items() if number is not None]
        removed = sum(1 << field for field, number in fields.items() if number is None)
        self.apply(SetLimits(account, symbol, values, removed))

    def kill(self, account: str = "", symbol: str = "", *, cancel: bool = False) -> None:
        """Stop an account, an instrument, or with neither the whole exchange."""
        self.apply(SetKillSwitch(account, symbol, active=True, cancel=cancel))

    def revive(self, account: str = "", symbol: str = "") -> None:
        """Let what was stopped go on."""
        self.apply(SetKillSwitch(account, symbol, active=False))

    def bust(self, trade_id: int, symbol: str = "ACME") -> None:
        """Undo a trade."""
        self.apply(BustTrade(symbol, trade_id))

    def later(self, seconds: Number) -> None:
        """Move the clock; whoever comes next tells the engine of it."""
        self.now += int(Decimal(seconds) * SECOND)

    def wait(self, seconds: Number) -> None:
        """Move the clock and let the engine know by a Tick."""
        self.later(seconds)
        self.apply(Tick())

    def time(self, seconds: Number) -> int:
        """The moment so many seconds after the opening."""
        return OPENING + int(Decimal(seconds) * SECOND)

    def phase(self, name: str, kind: str = "", until: Number = 0, symbol: str = "ACME", **terms: Terms) -> None:
        """Bring an instrument ("" for all) into a phase; `until` in seconds after the opening."""
        number = KIND_NAMES.index(kind) if kind else UNNAMED
        ends = self.time(until) if until else 0
        self.apply(SetPhase(symbol, PHASE_NAMES.index(name), number, ends, **terms))

    def draw(self, seconds: Number, call: int = 0) -> None:
        """Draw the random end of the call at hand, or of another one."""
        self.apply(DrawEnd("ACME", call or self.engine.books["ACME"].call, int(Decimal(seconds) * SECOND)))

    def double_bands(self, *, doubled: bool = True) -> None:
        """Make the LULD bands twice as wide, or no more."""
        self.apply(DoubleBands("ACME", doubled))

    # What traders do.

    def place(self, account: str, side: int, quantity: Number, at: Number | None, **terms: Terms) -> Ticket:
        """Send an order: a limit order at `at`, a market order without, a stop with `stop`; `display` shows a part."""
        display, stop = maybe_units(terms.pop("display", None)), maybe_units(terms.pop("stop", None))
        kinds = (MARKET, LIMIT) if stop is None else (STOP, STOP_LIMIT)
        self._client_order_ids += 1
        command = PlaceOrder(
            account,
            terms.pop("symbol", "ACME"),
            terms.pop("client_order_id", f"c{self._client_order_ids}"),
            side,
            terms.pop("type", kinds[at is not None]),
            units(quantity),
            maybe_units(at),
            stop,
            display_quantity=display,
            **terms,
        )
        self.apply(command)
        taken = [event.order_id for event in self.events if isinstance(event, Accepted | Repeated)]
        return Ticket(self, taken[0] if taken else 0)

    def buy(self, account: str, quantity: Number, at: Number | None = None, **terms: Terms) -> Ticket:
        """Place an order to buy."""
        return self.place(account, BUY, quantity, at, **terms)

    def sell(self, account: str, quantity: Number, at: Number | None = None, **terms: Terms) -> Ticket:
        """Place an order to sell."""
        return self.place(account, SELL, quantity, at, **terms)

    def amend(self, ticket: Ticket, account: str = "", **terms: Terms) -> None:
        """Change an order, as its owner or as `account`: `to` (its total), `at`, `stop`, `display`, `expires`."""
        command = AmendOrder(
            account or self.accounts[ticket.order_id],
            ticket.order_id,
            price=maybe_units(terms.pop("at", None)),
            stop_price=maybe_units(terms.pop("stop", None)),
            quantity=maybe_units(terms.pop("to", None)),
            display_quantity=maybe_units(terms.pop("display", None)),
            **terms,
        )
        self.apply(command)

    def cancel(self, ticket: Ticket, account: str = "", sent_at: int = 0) -> None:
        """Cancel an order, by its owner unless another `account` tries."""
        owner = account or self.accounts[ticket.order_id]
        self.apply(CancelOrder(owner, ticket.order_id, sent_at=sent_at))

    def cancel_all(self, account: str, **terms: Terms) -> None:
        """Cancel an account's orders; terms are CancelAll's fields."""
        self.apply(CancelAll(account, **terms))

    def cancel_after(self, account: str, seconds: Number, sent_at: int = 0) -> None:
        """Have an account's orders canceled unless it says so again."""
        self.apply(CancelAfter(account, int(Decimal(seconds) * SECOND), sent_at))

    # What everybody sees.

    @property
    def trades(self) -> list[Traded]:
        """The trades of the last command."""
        return [event for event in self.events if isinstance(event, Traded)]

    @property
    def refused(self) -> str:
        """The code with which the last command was refused, or an empty string."""
        return next((event.code for event in self.events if isinstance(event, Rejected)), "")

    @property
    def story(self) -> list[str]:
        """Every event of the last command in words (see `words`), so nothing else can have happened."""
        return [told(event) for event in self.events]

    def stands(self, symbol: str = "ACME") -> str:
        """The phase of an instrument: "auction volatility until 300 s", "continuous, halted"."""
        book = self.engine.books[symbol]
        kind = "" if book.kind == UNNAMED else f" {KIND_NAMES[book.kind]}"
        until = f" until {(book.until - OPENING) / SECOND:g} s" if book.until else ""
        return f"{PHASE_NAMES[book.phase]}{kind}{until}{', halted' if book.halted else ''}"

    def indicated(self, symbol: str = "ACME") -> str:
        """What an uncross would give: "500 @ 201, 100 to buy", or an empty string."""
        found = indication(self.engine.books[symbol])
        if found.price == 0:
            return ""
        rest = "" if found.imbalance_side == BOTH_SIDES else f", {to_text(found.imbalance, 0)} to "
        side = "" if found.imbalance_side == BOTH_SIDES else SIDE_NAMES[found.imbalance_side]
        return f"{to_text(found.paired_quantity, 0)} @ {to_text(found.price, 0)}{rest}{side}"

    def bands(self, symbol: str = "ACME") -> tuple[str, str]:
        """The outermost prices that may trade, "0" for none."""
        low, high = bands_of(self.engine.books[symbol])
        return to_text(low, 0), to_text(high, 0)

    def depth(self, symbol: str = "ACME") -> dict[str, list[str]]:
        """The displayed totals of every level, best first: {"bids": ["3 @ 100"], "asks": []}."""
        return {"bids": self._levels(symbol, BUY), "asks": self._levels(symbol, SELL)}

    def queue(self, side: int, symbol: str = "ACME") -> list[str]:
        """Every displayed order of a side in book order, with what it shows: ["boris 6 @ 101", "anna 3 @ 102"]."""
        orders = self.engine.books[symbol].sides[side].orders()
        return [f"{order.account} {to_text(order.shown, 0)} @ {to_text(order.price, 0)}" for order in orders]

    def position(self, account: str, symbol: str = "ACME") -> str:
        """What an account has: "10 at 100", short: "-10 at 100", "flat"."""
        position = self.engine.accounts.position(account, symbol)
        if not position.quantity:
            return "flat"
        return f"{to_text(position.quantity, 0)} at {to_text(position.average_price, 0)}"

    def realised(self, account: str, symbol: str = "ACME") -> str:
        """What the account has earned on what it has closed."""
        return to_text(self.engine.accounts.position(account, symbol).realised, 0)

    def cash(self, account: str) -> str:
        """The money that the account has received less what it has paid."""
        return to_text(self.engine.accounts.cash(account), 0)

    def fees(self, account: str) -> str:
        """What the account has paid in fees; the fee account has received it."""
        return to_text(self.engine.accounts.fees(account), 0)

    def _levels(self, symbol: str, side: int) -> list[str]:
        levels = self.engine.books[symbol].sides[side].depth(0)
        return [f"{to_text(quantity, 0)} @ {to_text(price, 0)}" for price, quantity in levels]


def two_bids(**terms: Terms) -> tuple[Market, Ticket]:
    """A market where anna's bid of 10 stands before boris's of 10, and her ticket."""
    market = Market()
    anna = market.buy("anna", 10, at=100, **terms)
    market.buy("boris", 10, at=100)
    return market, anna


def _printed(trade: Traded) -> str:
    if trade.side == CROSSED:
        quantity, price = to_text(trade.quantity, 0), to_text(trade.price, 0)
        return f"{trade.taker_account} and {trade.maker_account} cross {quantity} at {price}"
    verb, other = ("buys", "from") if trade.side == BUY else ("sells", "to")
    quantity, price = to_text(trade.quantity, 0), to_text(trade.price, 0)
    return f"{trade.taker_account} {verb} {quantity} {other} {trade.maker_account} at {price}"


def traded_at(*prices: int, **terms: Terms) -> Market:
    """A market in which yan and zoe have traded one at each price."""
    market = Market(**terms)
    for price in prices:
        trade_at(market, price)
    return market


def trade_at(market: Market, price: int, quantity: int = 1) -> None:
    """Let yan buy from zoe at a price."""
    market.sell("zoe", quantity, at=price)
    market.buy("yan", quantity, at=price)
