// The account's positions as the exchange keeps them: quantity, average price, profit and fees by instrument.
import { signal } from "@preact/signals-core";
import { toText, units } from "./decimal";
import type { Feed } from "./exchange_socket";
import type { Position, PositionsSnapshot, PositionsUpdate } from "./protocol";

export class Positions {
  /** By symbol; flat ones are left out. */
  readonly held = signal<readonly Position[]>([]);
  readonly #bySymbol = new Map<string, Position>();

  constructor(feed: Pick<Feed, "subscribe">) {
    feed.subscribe({ channel: "positions", personal: true, take: (frame) => this.#take(frame) });
  }

  /** Forgets everything private: another account is about to log in. */
  forget(): void {
    this.#bySymbol.clear();
    this.held.value = [];
  }

  of(symbol: string): Position | null {
    return this.held.value.find((position) => position.symbol === symbol) ?? null;
  }

  #take(frame: PositionsSnapshot | PositionsUpdate): boolean {
    if (frame.type === "snapshot") this.#bySymbol.clear();
    for (const position of frame.positions) {
      if (units(position.quantity) === 0n) this.#bySymbol.delete(position.symbol);
      else this.#bySymbol.set(position.symbol, position);
    }
    this.held.value = [...this.#bySymbol.values()].sort((one, other) => (one.symbol < other.symbol ? -1 : 1));
    return true;
  }
}

/** Realised and unrealised profit after fees, over all positions. */
export function profitOf(positions: readonly Position[]): string {
  const profit = positions.reduce(
    (sum, position) => sum + units(position.realised) + units(position.unrealised ?? "0") - units(position.fees),
    0n,
  );
  return toText(profit, 2);
}
