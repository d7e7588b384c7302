// The rows of the price ladder: a window of equal price steps that stands still while the market moves through it.
//
// Always: every level inside the window is in exactly one row; bids count down to their row's price, asks up, so no
// row shows a price that could not be had. The window moves only when the market leaves its middle, or on request.
import { signal, type Signal } from "@preact/signals-core";
import type { Book, BookLevel } from "./book";
import { ceilTo, floorTo, toText, units } from "./decimal";
import { decimalsOfLot, decimalsOfPrice, tickAt } from "./instrument";
import type { Side } from "./orders";
import type { Instrument, Order } from "./protocol";

/** As many rows as there is room for, always an odd number so that one is in the middle. */
const ROWS_USUAL = 23;
const ROWS_MIN = 9;
const ROWS_MAX = 61;
/** The inside market stays this share of the window away from its ends. */
const MARGIN_SHARE = 4n;
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
  /** What traded here, "" for nothing. */
  readonly volume: string;
  readonly volumeShare: number;
  readonly inside: Side | "";
  readonly last: boolean;
  /** Whether the price lies outside the bands, where nothing may trade now. */
  readonly outside: boolean;
}

const EMPTY: Row = {
  price: "",
  bid: "",
  ask: "",
  bidShare: 0,
  askShare: 0,
  ownBuy: "",
  ownSell: "",
  volume: "",
  volumeShare: 0,
  inside: "",
  last: false,
  outside: false,
};

type Sums = Map<bigint, bigint>;

/** What a ladder shows beside its instrument. */
export interface Shown {
  readonly book: Book;
  /** Own open orders of the instrument. */
  readonly own: readonly Order[];
  readonly last: bigint | null;
  /** Traded quantity by price. */
  readonly volumes: ReadonlyMap<bigint, bigint>;
  /** The outermost prices that may trade, null for none. */
  readonly bands: readonly [bigint, bigint] | null;
}

export class Ladder {
  readonly rows = signal<readonly Signal<Row>[]>(emptyRows(ROWS_USUAL));
  /** How many ticks make a row; 0, shown as 1, until the first book with two sides has chosen it. */
  readonly group = signal(0);
  /** The tick that rows are counted in; 0 before the first price. */
  readonly tick = signal(0n);
  #top = 0n;
  #step = 0n;
  #own: readonly Order[] = [];

  regroup(group: number): void {
    this.group.value = group;
    this.#step = 0n;
  }

  /** The next finer or coarser grouping. */
  zoom(direction: 1 | -1): void {
    const place = GROUPS.findIndex((group) => group === (this.group.value || 1)) + direction;
    const group = GROUPS[place];
    if (group !== undefined) this.regroup(group);
  }

  /** Puts the market into the middle with the next frame. */
  recentre(): void {
    this.#step = 0n;
  }

  /** Takes this many rows, as far as there may be so many; true if that changed anything. */
  resize(room: number): boolean {
    const odd = room - (room % 2 === 0 ? 1 : 0);
    const count = Math.min(Math.max(odd, ROWS_MIN), ROWS_MAX);
    if (count === this.rows.value.length) return false;
    this.rows.value = emptyRows(count);
    this.#step = 0n;
    return true;
  }

  /** The own orders that stand on a row. */
  own(side: Side, price: string): Order[] {
    const at = units(price);
    const row = side === "buy" ? floorTo : ceilTo;
    return this.#own.filter((order) => order.side === side && order.price !== null && row(units(order.price), this.#step) === at);
  }

  /** Shows a book; rows that stay as they are keep their identity, so only changed cells are drawn. */
  show(instrument: Instrument, shown: Shown): void {
    const { book, own, last } = shown;
    const middle = middleOf(book) ?? last;
    if (middle === null) return;
    this.#own = own;
    if (this.group.value === 0) this.#choose(fittingGroup(book, middle, tickAt(instrument, middle), this.#count));
    if (this.#step === 0n || this.#isLeft(book, middle)) this.#place(instrument, middle);
    const rows = this.rows.peek();
    this.#rowsOf(instrument, shown).forEach((row, index) => {
      const there = rows[index];
      if (there !== undefined && !alike(there.peek(), row)) there.value = row;
    });
  }

  get #count(): number {
    return this.rows.peek().length;
  }

  #choose(group: number): void {
    if (group !== 0) this.regroup(group);
  }

  /** Whether the inside market has come too close to an end of the window; an empty book leaves it where it is. */
  #isLeft(book: Book, middle: bigint): boolean {
    if (middleOf(book) === null) return false;
    const height = this.#step * BigInt(this.#count - 1);
    const margin = height / MARGIN_SHARE;
    const lowest = this.#top - height;
    const ask = book.asks.best?.price ?? middle;
    const bid = book.bids.best?.price ?? middle;
    return ask > this.#top - margin || bid < lowest + margin;
  }

  /** Where ticks grow with the price the coarsest in the window makes the rows, so each row's price can be had. */
  #place(instrument: Instrument, middle: bigint): void {
    const group = BigInt(this.group.value || 1);
    const half = BigInt((this.#count - 1) / 2);
    this.tick.value = tickAt(instrument, middle + half * group * tickAt(instrument, middle));
    this.#step = group * this.tick.value;
    this.#top = floorTo(middle, this.#step) + half * this.#step;
  }

  #rowsOf(instrument: Instrument, { book, own, last, volumes, bands }: Shown): Row[] {
    const step = this.#step;
    const priceDecimals = decimalsOfPrice(instrument);
    const lotDecimals = decimalsOfLot(instrument);
    const down = (price: bigint): bigint => floorTo(price, step);
    const up = (price: bigint): bigint => ceilTo(price, step);
    const bids = sums(book.bids.levels, down);
    const asks = sums(book.asks.levels, up);
    const [buys, sells] = [ownSums(own, "buy", down), ownSums(own, "sell", up)];
    const traded = volumeSums(volumes, down);
    const print = (sum: bigint | undefined): string => (sum === undefined ? "" : toText(sum, lotDecimals));
    const prices = Array.from({ length: this.#count }, (_, index) => this.#top - step * BigInt(index));
    const longest = longestBar(prices, [bids, asks]);
    const mostTraded = longestBar(prices, [traded]);
    const bestBid = book.bids.best && down(book.bids.best.price);
    const bestAsk = book.asks.best && up(book.asks.best.price);
    return prices.map((price) => ({
      price: price > 0n ? toText(price, priceDecimals) : "",
      bid: print(bids.get(price)),
      ask: print(asks.get(price)),
      bidShare: share(bids.get(price), longest),
      askShare: share(asks.get(price), longest),
      ownBuy: print(buys.get(price)),
      ownSell: print(sells.get(price)),
      volume: print(traded.get(price)),
      volumeShare: share(traded.get(price), mostTraded),
      inside: price === bestBid ? "buy" : price === bestAsk ? "sell" : "",
      last: last !== null && down(last) === price,
      outside: bands !== null && (price < bands[0] || price > bands[1]),
    }));
  }
}

function emptyRows(count: number): Signal<Row>[] {
  return Array.from({ length: count }, () => signal(EMPTY));
}

function middleOf(book: Book): bigint | null {
  const bid = book.bids.best?.price;
  const ask = book.asks.best?.price;
  if (bid !== undefined && ask !== undefined) return (bid + ask) / 2n;
  return bid ?? ask ?? null;
}

/** The finest grouping that has the best levels of both sides in sight; 0 while a side is empty. */
function fittingGroup(book: Book, middle: bigint, tick: bigint, rows: number): number {
  const bid = lastSeen(book.bids.levels);
  const ask = lastSeen(book.asks.levels);
  if (bid === undefined || ask === undefined) return 0;
  const [above, below] = [ask.price - middle, middle - bid.price];
  const reachTicks = (above > below ? above : below) / tick;
  return GROUPS.find((group) => reachTicks * 2n < BigInt(group * (rows - 1))) ?? 1_000;
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

function volumeSums(volumes: ReadonlyMap<bigint, bigint>, row: (price: bigint) => bigint): Sums {
  const found: Sums = new Map();
  for (const [price, quantity] of volumes) add(found, row(price), quantity);
  return found;
}

function add(found: Sums, price: bigint, quantity: bigint): void {
  found.set(price, (found.get(price) ?? 0n) + quantity);
}

/** Rounded up to 1, 2 or 5 times a power of ten: a bar's length then means the same for a while. */
function longestBar(prices: readonly bigint[], sides: readonly Sums[]): bigint {
  let largest = 1n;
  for (const price of prices) {
    for (const sum of sides.map((side) => side.get(price))) if (sum !== undefined && sum > largest) largest = sum;
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
