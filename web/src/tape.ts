// Time and sales of one instrument, newest first.
import { signal } from "@preact/signals-core";
import type { Frames } from "./frames";
import type { Trade, TradesFrame } from "./protocol";

const TRADES_MAX = 40;

export interface Print extends Trade {
  /** Against the trade before it: 1 up, -1 down, 0 alike or unknown. */
  readonly move: 1 | -1 | 0;
}

export class Tape {
  readonly trades = signal<readonly Print[]>([]);
  #trades: Print[] = [];

  constructor(private readonly frames: Frames) {}

  take(frame: TradesFrame): boolean {
    if (frame.type === "snapshot") this.#trades = [];
    for (const trade of [...frame.trades].sort((one, other) => one.trade_id - other.trade_id)) this.#print(trade);
    this.#trades.length = Math.min(this.#trades.length, TRADES_MAX);
    this.frames.next(this.#publish);
    return true;
  }

  /** A trade is told again when it is undone; of what has left the tape there is nothing to mark. */
  #print(trade: Trade): void {
    const place = this.#trades.findIndex((each) => each.trade_id === trade.trade_id);
    const before = this.#trades[0];
    if (place >= 0) this.#trades[place] = { ...trade, move: this.#trades[place]?.move ?? 0 };
    else if (before === undefined || trade.trade_id > before.trade_id) {
      this.#trades.unshift({ ...trade, move: before === undefined ? 0 : moveOf(before.price, trade.price) });
    }
  }

  readonly #publish = (): void => {
    this.trades.value = [...this.#trades];
  };
}

function moveOf(before: string, now: string): 1 | -1 | 0 {
  const difference = Number(now) - Number(before);
  return difference > 0 ? 1 : difference < 0 ? -1 : 0;
}
