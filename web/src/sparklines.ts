// The last hour of an instrument in one small line: a price every half minute, the newest last.
import { signal, type Signal } from "@preact/signals-core";
import type { Trade } from "./protocol";

const EVERY_MS = 30_000;
const POINTS_MAX = 120;

interface Line {
  readonly points: Signal<readonly number[]>;
  /** The stretch of time that the last point stands for. */
  stretch: number;
}

export class Sparklines {
  readonly #lines = new Map<string, Line>();

  /** `now` in milliseconds since 1970. */
  constructor(private readonly now: () => number) {}

  of(symbol: string): Signal<readonly number[]> {
    return this.#line(symbol).points;
  }

  /** Begins a line from trades, oldest first: the last of each stretch counts. */
  begin(symbol: string, trades: readonly Trade[]): void {
    const line = this.#line(symbol);
    const byStretch = new Map<number, number>();
    for (const trade of trades) byStretch.set(Math.floor(Date.parse(trade.time) / EVERY_MS), Number(trade.price));
    line.points.value = [...byStretch.values()].slice(-POINTS_MAX);
    line.stretch = [...byStretch.keys()].at(-1) ?? 0;
  }

  /** The price is this now: the last point moves, and with a new stretch of time a point is added. */
  add(symbol: string, price: string): void {
    const line = this.#line(symbol);
    const stretch = Math.floor(this.now() / EVERY_MS);
    const points = line.points.value;
    const value = Number(price);
    if (stretch === line.stretch && points.at(-1) === value) return;
    line.points.value = stretch === line.stretch ? [...points.slice(0, -1), value] : [...points, value].slice(-POINTS_MAX);
    line.stretch = stretch;
  }

  #line(symbol: string): Line {
    const found = this.#lines.get(symbol) ?? { points: signal<readonly number[]>([]), stretch: 0 };
    this.#lines.set(symbol, found);
    return found;
  }
}
