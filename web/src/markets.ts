// The instruments that are open on the screen, and the one that is looked at.
import { computed, effect, signal, type ReadonlySignal } from "@preact/signals-core";
import { Market, type Surroundings } from "./market";

/** Beyond it the one that was opened first and is not looked at is closed. */
export const OPEN_MAX = 8;

export class Markets {
  /** In the order of their opening. */
  readonly open = signal<readonly Market[]>([]);
  readonly symbol = signal("");
  readonly current = computed(() => this.open.value.find((market) => market.symbol === this.symbol.value) ?? null);

  constructor(
    instruments: { readonly symbols: ReadonlySignal<readonly string[]> },
    private readonly surroundings: Surroundings,
  ) {
    effect(() => {
      const first = instruments.symbols.value[0];
      if (this.symbol.value === "" && first !== undefined) this.look(first);
    });
    effect(() => this.#drop(instruments.symbols.value));
  }

  /** Looks at an instrument, opening it if it is not. */
  look(symbol: string): void {
    const open = this.open.peek();
    const found = open.find((market) => market.symbol === symbol) ?? this.#add(symbol, open);
    for (const market of this.open.peek()) market.look(market === found);
    this.symbol.value = symbol;
  }

  /** Closes an instrument; its neighbour is looked at instead, and the last one stays. */
  close(symbol: string): void {
    const open = this.open.peek();
    const place = open.findIndex((market) => market.symbol === symbol);
    if (place < 0 || open.length === 1) return;
    open[place]?.close();
    const rest = open.filter((market) => market.symbol !== symbol);
    this.open.value = rest;
    if (this.symbol.peek() === symbol) this.look(rest[Math.min(place, rest.length - 1)]?.symbol ?? symbol);
  }

  /** What was taken off the exchange is not asked for any more; another instrument takes the place of the last one. */
  #drop(listed: readonly string[]): void {
    const [first] = listed;
    if (first === undefined) return;
    for (const { symbol } of this.open.peek().filter((market) => !listed.includes(market.symbol))) {
      if (this.open.peek().length === 1) this.look(first);
      this.close(symbol);
    }
  }

  #add(symbol: string, open: readonly Market[]): Market {
    const market = new Market(symbol, this.surroundings);
    const crowded = open.length >= OPEN_MAX ? open.find((each) => each.symbol !== this.symbol.peek()) : undefined;
    crowded?.close();
    this.open.value = [...open.filter((each) => each !== crowded), market];
    return market;
  }
}
