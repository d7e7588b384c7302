"""Book rows of a checkpoint: listings and their books, LULD bands; and back. `checkpoint/state.py` fills the queues."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exchange.book.book import Book
from exchange.instrument import Instrument

if TYPE_CHECKING:
    from exchange.book.luld import Luld
    from exchange.market import Market


def book_row(book: Book) -> list[Any]:
    """The row of a book: instrument, last trade id, prices, phase and call."""
    return [
        instrument_row(book.instrument),
        book.last_trade_id,
        book.last_price,
        book.previous_price,
        book.auction_price,
        book.stamps,
        book.phase,
        book.kind,
        book.until,
        book.drawn,
        book.length,
        book.extended,
        book.call,
        book.halted,
        book.reason,
        book.last_due,
        book.due,
    ]


def restore_book(market: Market, row: list[Any]) -> None:
    """List the instrument of a row; its queues are still empty."""
    book = market.open_book(instrument_from(row[0]))
    book.last_trade_id = row[1]
    book.last_price = row[2]
    book.previous_price = row[3]
    book.auction_price = row[4]
    book.stamps = row[5]
    book.phase = row[6]
    book.kind = row[7]
    book.until = row[8]
    book.drawn = row[9]
    book.length = row[10]
    book.extended = row[11]
    book.call = row[12]
    book.halted = row[13]
    book.reason = row[14]
    book.last_due = row[15]
    market.schedule(book, row[16])


def instrument_row(instrument: Instrument) -> list[Any]:
    """The fields of a listing."""
    return [
        instrument.symbol,
        [[start, tick] for start, tick in instrument.ticks],
        instrument.lot_size,
        instrument.min_quantity,
        instrument.max_quantity,
        instrument.min_price,
        instrument.max_price,
        instrument.min_value,
        instrument.max_value,
        instrument.collar_bps,
        instrument.max_open_orders,
        instrument.reference_price,
        instrument.static_band_bps,
        instrument.dynamic_band_bps,
        instrument.luld_tier,
        instrument.luld_window,
        instrument.luld_hold,
        instrument.luld_limit_state,
        instrument.luld_call,
        instrument.luld_extension,
        instrument.call,
        instrument.call_random,
        instrument.call_extensions,
        instrument.maker_bps,
        instrument.taker_bps,
        instrument.cross_bps,
        instrument.calendar,
    ]


def instrument_from(row: list[Any]) -> Instrument:
    """The listing of a row."""
    symbol, ticks, *rest = row
    return Instrument(symbol, [(start, tick) for start, tick in ticks], *rest)


def luld_row(book: Book, luld: Luld) -> list[Any]:
    """Symbol, reference, doubled width and limit state, from which the bands follow."""
    return [book.symbol, luld.reference, luld.since, luld.initial, luld.doubled, luld.limit_since, luld.wake]


def restore_luld(market: Market, row: list[Any]) -> None:
    """Restore the LULD bands of a row."""
    book = market.books[row[0]]
    luld = book.luld
    assert luld is not None, "bands of a book that has none"
    luld.reference = row[1]
    luld.since = row[2]
    luld.initial = row[3]
    luld.doubled = row[4]
    luld.limit_since = row[5]
    luld.wake = row[6]
    luld.find_bands(book.instrument)


def restore_window(market: Market, rows: list[Any]) -> None:
    """Restore the latest trades of books under LULD."""
    for symbol, at, total, count in rows:
        luld = market.books[symbol].luld
        assert luld is not None, "a window of a book that needs none"
        luld.trades.append((at, total, count))
        luld.total += total
        luld.count += count
