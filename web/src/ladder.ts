// The rows of the price ladder: a window of equal price steps that stands still while the market moves through it.
//
// Always: every level inside the window is in exactly one row; bids count down to their row's price, asks up, so no
// row shows a price that could not be had. The window moves only when the market leaves its middle.
import { signal, type Signal } from "@preact/signals-core";
import type { Book, BookLevel } from "./book";
import { ceilTo, floorTo, toText, units } from "./decimal";
import { decimalsOfLot, decimalsOfPrice, tickAt } from "./instrument";
import type { Side } from "./orders";
import type { Instrument, Order } from "./protocol";

export const ROWS = 23;
/** The inside market stays this many rows away from the window's ends. */
const MARGIN_ROWS = 6;
/** Of each side, when the ladder chooses its own steps. */
const LEVELS_IN_SIGHT = 5;
export const GROUPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000] as const;

export interface Row {
  readonly price: string;
  readonly bid: string;
  readonly ask: string;
  /** Share of the longest bar, 0 to 1, in fiftieths so that it does not tremble. */
  readonly bidShare: number;
  readonly askShare: number;
  /** Own open quantity by side, "" for none. */
  readonly ownBuy: string;
  readonly ownSell: string;
  readonly inside: Side | "";
  readonly last: boolean;
}

const EMPTY: Row = {
  price: "",
  bid: "",
  ask: "",
  bidShare: 0,
  askShare: 0,
  ownBuy: "",
  ownSell: "",
  inside: "",
  last: false,
};

type Sums = Map<bigint, bigint>;

export class Ladder {
  readonly rows: readonly Signal<Row>[] = Array.from({ length: ROWS }, () => signal(EMPTY));
  /** How many ticks make a row; 0, shown as 1, until the first book with two sides has chosen it. */
  readonly group = signal(0);
  /** The tick that rows are counted in; 0 before the first price. */
  readonly tick = signal(0n);
  #top = 0n;
  #step = 0n;

  /** Starts over for another instrument. */
  clear(): void {
    this.group.value = 0;
    this.tick.value = 0n;
    this.#step = 0n;
    for (const row of this.rows) row.value = EMPTY;
  }

  regroup(group: number): void {
    this.group.value = group;
    this.#step = 0n;
  }

  /** Shows a book; rows that stay as they are keep their identity, so only changed cells are drawn. */
  show(instrument: Instrument, book: Book, own: readonly Order[], last: bigint | null): void {
    const middle = middleOf(book) ?? last;
    if (middle === null) return;
    if (this.group.value === 0) this.#choose(fittingGroup(book, middle, tickAt(instrument, middle)));
    if (this.#step === 0n || this.#isLeft(book, middle)) this.#place(instrument, middle);
    const next = this.#rowsOf(instrument, book, own, last);
    next.forEach((row, index) => {
      const shown = this.rows[index];
      if (shown !== undefined && !alike(shown.value, row)) shown.value = row;
    });
  }

  #choose(group: number): void {
    if (group !== 0) this.regroup(group);
  }

  /** Whether the inside market has come too close to an end of the window. */
  #isLeft(book: Book, middle: bigint): boolean {
    const margin = this.#step * BigInt(MARGIN_ROWS);
    const lowest = this.#top - this.#step * BigInt(ROWS - 1);
    const ask = book.asks.best?.price ?? middle;
    const bid = book.bids.best?.price ?? middle;
    return ask > this.#top - margin || bid < lowest + margin;
  }

  /** Where ticks grow with the price the coarsest in the window makes the rows, so each row's price can be had. */
  #place(instrument: Instrument, middle: bigint): void {
    const group = BigInt(this.group.value || 1);
    const half = BigInt((ROWS - 1) / 2);
    this.tick.value = tickAt(instrument, middle + half * group * tickAt(instrument, middle));
    this.#step = group * this.tick.value;
    this.#top = floorTo(middle, this.#step) + half * this.#step;
  }

  #rowsOf(instrument: Instrument, book: Book, own: readonly Order[], last: bigint | null): Row[] {
    const step = this.#step;
    const priceDecimals = decimalsOfPrice(instrument);
    const lotDecimals = decimalsOfLot(instrument);
    const bids = sums(book.bids.levels, (price) => floorTo(price, step));
    const asks = sums(book.asks.levels, (price) => ceilTo(price, step));
    const buys = ownSums(own, "buy", (price) => floorTo(price, step));
    const sells = ownSums(own, "sell", (price) => ceilTo(price, step));
    const print = (sum: bigint | undefined): string => (sum === undefined ? "" : toText(sum, lotDecimals));
    const prices = this.rows.map((_, index) => this.#top - step * BigInt(index));
    const longest = longestBar(prices, bids, asks);
    const bestBid = book.bids.best && floorTo(book.bids.best.price, step);
    const bestAsk = book.asks.best && ceilTo(book.asks.best.price, step);
    return prices.map((price) => ({
      price: price > 0n ? toText(price, priceDecimals) : "",
      bid: print(bids.get(price)),
      ask: print(asks.get(price)),
      bidShare: share(bids.get(price), longest),
      askShare: share(asks.get(price), longest),
      ownBuy: print(buys.get(price)),
      ownSell: print(sells.get(price)),
      inside: price === bestBid ? "buy" : price === bestAsk ? "sell" : "",
      last: last !== null && floorTo(last, step) === price,
    }));
  }
}

function middleOf(book: Book): bigint | null {
  const bid = book.bids.best?.price;
  const ask = book.asks.best?.price;
  if (bid !== undefined && ask !== undefined) return (bid + ask) / 2n;
  return bid ?? ask ?? null;
}

/** The finest grouping that has the best levels of both sides in sight; 0 while a side is empty. */
function fittingGroup(book: Book, middle: bigint, tick: bigint): number {
  const bid = lastSeen(book.bids.levels);
  const ask = lastSeen(book.asks.levels);
  if (bid === undefined || ask === undefined) return 0;
  const [above, below] = [ask.price - middle, middle - bid.price];
  const reachTicks = (above > below ? above : below) / tick;
  return GROUPS.find((group) => reachTicks * 2n < BigInt(group * (ROWS - 1))) ?? 1_000;
}

function lastSeen(levels: readonly BookLevel[]): BookLevel | undefined {
  return levels[Math.min(LEVELS_IN_SIGHT, levels.length) - 1];
}

function sums(levels: readonly BookLevel[], row: (price: bigint) => bigint): Sums {
  const found: Sums = new Map();
  for (const { price, quantity } of levels) add(found, row(price), quantity);
  return found;
}

function ownSums(own: readonly Order[], side: Side, row: (price: bigint) => bigint): Sums {
  const found: Sums = new Map();
  for (const order of own) {
    if (order.side === side && order.price) add(found, row(units(order.price)), units(order.open_quantity));
  }
  return found;
}

function add(found: Sums, price: bigint, quantity: bigint): void {
  found.set(price, (found.get(price) ?? 0n) + quantity);
}

/** Rounded up to 1, 2 or 5 times a power of ten: a bar's length then means the same for a while. */
function longestBar(prices: bigint[], bids: Sums, asks: Sums): bigint {
  let largest = 1n;
  for (const price of prices) {
    for (const sum of [bids.get(price), asks.get(price)]) if (sum !== undefined && sum > largest) largest = sum;
  }
  const power = 10n ** BigInt(largest.toString().length - 1);
  return [1n, 2n, 5n, 10n].map((times) => times * power).find((round) => round >= largest) ?? largest;
}

function share(sum: bigint | undefined, longest: bigint): number {
  return sum === undefined ? 0 : Math.max(Number((sum * 50n) / longest), 1) / 50;
}

function alike(one: Row, other: Row): boolean {
  return (Object.keys(one) as (keyof Row)[]).every((key) => one[key] === other[key]);
}
