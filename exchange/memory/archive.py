"""Archive of ended orders: texts in compressed blocks instead of objects, read again when an order is queried.

An ended order never changes, and is rarely queried after a minute; as an object it takes 0.7 kB.

    share of anna:   blocks [order 1 … 64] [order 70 … 140] …     then, as objects, the orders that ended last
    by id, by name:  order 7 -> its block, "my-7" -> its block    the block's text is read to find the order in it

Always true: archiving an order changes nothing but memory and time. Every answer, every event and the canonical state
(`checkpoint/state.py`, `state_of`) stay the same, so orders may be packed at any time between two commands.
"""

from __future__ import annotations

from typing import Any, Final
from zlib import compress, decompress

from mypy_extensions import mypyc_attr

BLOCK: Final = 64
"""Orders in one block at most: whoever asks for one order has its whole block decompressed, which takes 20 µs."""

LEVEL: Final = 1
"""Compression level: the fastest, which reduces the text to a quarter."""

ORDER: Final = "\n"
"""Separator of the orders of a block."""

PART: Final = "\t"
"""Separator of an order's numbers, reason, session and fills."""


@mypyc_attr(acyclic=True)
class PastOrder:
    """An ended order as text: its account, symbol and client order id, and the rest as one text (`text_of`)."""

    __slots__ = ("account", "name", "symbol", "text")

    def __init__(self, account: str, symbol: str, name: str, text: str) -> None:
        self.account = account
        self.symbol = symbol
        self.name = name
        self.text = text

    @property
    def order_id(self) -> int:
        """The order's id."""
        return int(self.text.partition(",")[0])

    def row(self, *, fills: bool = True) -> list[Any]:
        """The order as a row of a checkpoint (`order_rows.order_row`)."""
        row = row_of(self.account, self.symbol, self.name, self.text)
        if not fills:
            row[15] = None
        return row


class Block:
    """Orders of one account that ended one after the other.

    symbols: of each order, or one for all. first: the number of forgotten orders. oldest: when the first remaining
    order ended, in nanoseconds of journal time. texts: the orders' texts, while these are read one after the other.
    """

    __slots__ = ("account", "body", "first", "names", "oldest", "order_ids", "symbols", "texts")

    def __init__(
        self,
        account: str,
        symbols: list[str],
        names: list[str],
        order_ids: list[int],
        body: bytes,
        oldest: int,
    ) -> None:
        self.account = account
        self.symbols = symbols
        self.names = names
        self.order_ids = order_ids
        self.body = body
        self.first = 0
        self.oldest = oldest
        self.texts: list[str] | None = None

    @property
    def count(self) -> int:
        """The number of orders that the block holds."""
        return len(self.order_ids) - self.first

    def symbol(self, index: int) -> str:
        """The symbol of one of the block's orders."""
        return self.symbols[0] if len(self.symbols) == 1 else self.symbols[index]

    def read(self) -> list[str]:
        """The texts of all of the block's orders."""
        return self.texts or decompress(self.body).decode().split(ORDER)

    def at(self, index: int) -> PastOrder:
        """One of the block's orders."""
        return PastOrder(self.account, self.symbol(index), self.names[index], self.read()[index])

    def orders(self) -> list[PastOrder]:
        """The block's orders that are not forgotten, first to end first."""
        texts = self.read()
        return [
            PastOrder(self.account, self.symbol(index), self.names[index], texts[index])
            for index in range(self.first, len(texts))
        ]

    def forget_first(self) -> None:
        """Forget the order that ended first."""
        self.first += 1
        if self.count:
            self.texts = self.read()
            self.oldest = ended_at(self.texts[self.first])

    def find(self, symbol: str, name: str) -> int:
        """The index of the order of this name; the block holds it."""
        index = self.first
        while self.names[index] != name or self.symbol(index) != symbol:
            index += 1
        return index

    def row(self) -> list[Any]:
        """The row of the block in a checkpoint, without its forgotten orders."""
        start = self.first
        symbols = self.symbols if len(self.symbols) == 1 else self.symbols[start:]
        body = packed(self.read()[start:]) if start else self.body
        return [self.account, symbols, self.names[start:], self.order_ids[start:], body, self.oldest]


def block_from(row: list[Any]) -> Block:
    """The block of a row."""
    account, symbols, names, order_ids, body, oldest = row
    return Block(account, symbols, names, order_ids, body, oldest)


def block_of(orders: list[PastOrder]) -> Block:
    """A block of these orders, all of one account."""
    symbols = [order.symbol for order in orders]
    if symbols.count(symbols[0]) == len(symbols):
        symbols = symbols[:1]
    texts = [order.text for order in orders]
    names = [order.name for order in orders]
    order_ids = [order.order_id for order in orders]
    return Block(orders[0].account, symbols, names, order_ids, packed(texts), ended_at(texts[0]))


def past_from(row: list[Any]) -> PastOrder:
    """The order of a checkpoint's row, without its fills."""
    account, symbol, name = row[1][:3]
    return PastOrder(account, symbol, name, text_of(row, fills=False))


def past_body(orders: list[PastOrder]) -> bytes:
    """Orders of several accounts, compressed."""
    texts = [PART.join([escaped(order.account), order.symbol, escaped(order.name), order.text]) for order in orders]
    return packed(texts)


def past_in(body: bytes) -> list[PastOrder]:
    """The inverse of `past_body`."""
    found: list[PastOrder] = []
    for line in decompress(body).decode().split(ORDER):
        account, symbol, name, text = line.split(PART, 3)
        found.append(PastOrder(unescaped(account), symbol, unescaped(name), text))
    return found


def packed(texts: list[str]) -> bytes:
    """Texts of orders, compressed."""
    return compress(ORDER.join(texts).encode(), LEVEL)


def text_of(row: list[Any], *, fills: bool = True) -> str:
    """All of an order's row but account, symbol and client order id, as text: id and end time are first.

    `past_order` in `checkpoint/packing.py` writes the same text from an order, and faster.
    """
    placed = row[1]
    numbers = [
        row[0],
        row[14],
        *placed[3:10],
        int(placed[10]),
        *placed[11:13],
        placed[14],
        *row[2:10],
        row[10],
        row[11],
        row[13],
        row[16],
    ]
    text = ",".join(["" if number is None else str(number) for number in numbers])
    text = f"{text}{PART}{escaped(row[12])}{PART}{escaped(placed[13])}"
    return with_fills(text, row[15]) if fills and row[15] is not None else text


def with_fills(text: str, fills: list[Any]) -> str:
    """An order's text with its fills appended."""
    return f"{text}{PART}{';'.join([','.join([str(number) for number in fill]) for fill in fills])}"


def row_of(account: str, symbol: str, name: str, text: str) -> list[Any]:
    """The inverse of `text_of`."""
    parts = text.split(PART)
    n = [int(number) if number else None for number in parts[0].split(",")]
    placed = [account, symbol, name, *n[2:9], bool(n[9]), *n[10:12], unescaped(parts[2]), n[12]]
    fills = [[int(number) for number in fill.split(",")] for fill in parts[3].split(";")] if len(parts) > 3 else None
    return [n[0], placed, *n[13:21], str(n[21]), n[22], unescaped(parts[1]), n[23], n[1], fills, n[24]]


def ended_at(text: str) -> int:
    """When an order ended, in nanoseconds of journal time."""
    return int(text.split(",", 2)[1])


def escaped(text: str) -> str:
    """A text without separators. Hardly any text has one: the gateways accept no such name."""
    if "\\" in text or ORDER in text or PART in text or not text.isascii():
        return text.encode("unicode_escape").decode()
    return text


def unescaped(text: str) -> str:
    """The inverse of `escaped`."""
    return text.encode().decode("unicode_escape") if "\\" in text else text
