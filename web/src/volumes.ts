// How much traded at which price, of the trades that this screen has seen or asked for.
import { units } from "./decimal";
import type { Trade } from "./protocol";

export class Volumes {
  readonly at = new Map<bigint, bigint>();
  /** The trades between these two are counted: pages are older than what is known, or newer, or overlap it. */
  #first = 0;
  #last = 0;

  /** Counts each trade once, in whatever order pages come. */
  take(trades: readonly Trade[]): void {
    const fresh = trades.filter(({ trade_id: id }) => this.#last === 0 || id < this.#first || id > this.#last);
    for (const trade of fresh) {
      const price = units(trade.price);
      this.at.set(price, (this.at.get(price) ?? 0n) + units(trade.quantity));
    }
    for (const { trade_id: id } of fresh) {
      this.#first = this.#first === 0 ? id : Math.min(this.#first, id);
      this.#last = Math.max(this.#last, id);
    }
  }
}
