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
    const known = new Map((frame.type === "snapshot" ? [] : this.#trades).map((trade) => [trade.trade_id, trade]));
    for (const trade of frame.trades) {
      // A bust says again what was printed once; of what has left the tape there is nothing to mark.
      if (frame.type === "snapshot" || !trade.bust || known.has(trade.trade_id)) known.set(trade.trade_id, trade);
    }
    this.#trades = [...known.values()].sort((one, other) => other.trade_id - one.trade_id).slice(0, TRADES_MAX);
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
