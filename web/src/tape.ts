// Time and sales of one instrument, newest first.
import { signal } from "@preact/signals-core";
import type { Frames } from "./frames";
import type { Trade, TradesFrame } from "./protocol";

const TRADES_MAX = 60;

export class Tape {
  readonly trades = signal<readonly Trade[]>([]);
  #trades: Trade[] = [];

  constructor(private readonly frames: Frames) {}

  take(frame: TradesFrame): boolean {
    const news = [...frame.trades].sort((one, other) => other.trade_id - one.trade_id);
    const before = frame.type === "snapshot" ? [] : this.#trades;
    this.#trades = [...news, ...before].slice(0, TRADES_MAX);
    this.frames.next(this.#publish);
    return true;
  }

  clear(): void {
    this.#trades = [];
    this.#publish();
  }

  readonly #publish = (): void => {
    this.trades.value = this.#trades;
  };
}
