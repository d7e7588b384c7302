// Candles made of trades: one bar for each stretch of time in which something traded.
//
// Trades come in any order of pages, each known by its dense id and counted once; a busted one counts, as it does for
// the exchange's own figures. Prices become floats here and only here: bars are drawn, never sent.
import { Points, type Point } from "./points";
import type { Trade } from "./protocol";

export interface Candle {
  /** Seconds since 1970 at which the bar begins. */
  readonly start: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** What changed in the bars: nothing, only the last ones from an index on, or all of them. */
export type Change = number | "none" | "all";

/** Above this the oldest trades are forgotten, a tenth at a time. */
export const TRADES_MAX = 20_000;

export class Candles {
  readonly bars: Candle[] = [];
  readonly #points = new Points();

  constructor(private seconds: number) {}

  get interval(): number {
    return this.seconds;
  }

  /** The oldest trade that is known; 0 when there is none. */
  get firstId(): number {
    return this.#points.at(0).id;
  }

  /** Bars of another length from the same trades. */
  regroup(seconds: number): void {
    this.seconds = seconds;
    this.#rebuild();
  }

  clear(): void {
    this.#points.clear();
    this.bars.length = 0;
  }

  take(trades: readonly Trade[]): Change {
    const fresh = trades.map(pointOf).sort((one, other) => one.id - other.id);
    const last = this.#points.at(Math.max(this.#points.length - 1, 0)).id;
    if (fresh.every((point) => point.id > last)) return this.#append(fresh);
    const before = [...this.#points];
    const known = new Set(before.map((point) => point.id));
    const missing = fresh.filter((point) => !known.has(point.id));
    if (missing.length === 0) return "none";
    this.#points.clear();
    for (const point of [...before, ...missing].sort((one, other) => one.id - other.id)) this.#points.push(point);
    this.#rebuild();
    return "all";
  }

  #append(points: readonly Point[]): Change {
    if (points.length === 0) return "none";
    const first = Math.max(this.bars.length - 1, 0);
    for (const point of points) {
      this.#points.push(point);
      this.#add(point);
    }
    if (this.#points.length <= TRADES_MAX) return first;
    this.#points.forget(TRADES_MAX / 10);
    this.#rebuild();
    return "all";
  }

  #rebuild(): void {
    this.bars.length = 0;
    for (const point of this.#points) this.#add(point);
  }

  #add({ at, price, quantity }: Point): void {
    const last = this.bars.at(-1);
    // A cluster's clocks may step back a little: a bar that is complete is not opened again.
    const start = Math.max(Math.floor(at / this.seconds) * this.seconds, last?.start ?? 0);
    if (last === undefined || last.start !== start) {
      this.bars.push({ start, open: price, high: price, low: price, close: price, volume: quantity });
      return;
    }
    this.bars[this.bars.length - 1] = {
      ...last,
      high: Math.max(last.high, price),
      low: Math.min(last.low, price),
      close: price,
      volume: last.volume + quantity,
    };
  }
}

function pointOf(trade: Trade): Point {
  return {
    id: trade.trade_id,
    at: Date.parse(trade.time) / 1_000,
    price: Number(trade.price),
    quantity: Number(trade.quantity),
  };
}
