// How much traded at which price, of the trades that this screen has seen or asked for.
import { units } from "./decimal";
import type { Trade } from "./protocol";

export class Volumes {
  readonly at = new Map<bigint, bigint>();
  readonly #counted = new Set<number>();

  /** Counts each trade once, in whatever order pages come. */
  take(trades: readonly Trade[]): void {
    for (const trade of trades) {
      if (this.#counted.has(trade.trade_id)) continue;
      this.#counted.add(trade.trade_id);
      const price = units(trade.price);
      this.at.set(price, (this.at.get(price) ?? 0n) + units(trade.quantity));
    }
  }
}
