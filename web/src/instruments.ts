// All instruments with the latest of their tickers: the list to choose from.
import { computed, signal, type Signal } from "@preact/signals-core";
import type { Feed } from "./feed";
import type { Frames } from "./frames";
import type { Instrument, InstrumentsFrame, TickerFrame } from "./protocol";

export class Instruments {
  readonly #bySymbol = signal<ReadonlyMap<string, Instrument>>(new Map());
  readonly symbols = computed(() => [...this.#bySymbol.value.keys()].sort());
  readonly #tickers = new Map<string, Signal<TickerFrame | null>>();
  readonly #latest = new Map<string, TickerFrame>();
  readonly #watched = new Map<string, () => void>();

  constructor(
    private readonly feed: Feed,
    private readonly frames: Frames,
  ) {
    feed.subscribe({ channel: "instruments", take: (frame) => this.#take(frame) });
  }

  get(symbol: string): Instrument | null {
    return this.#bySymbol.value.get(symbol) ?? null;
  }

  ticker(symbol: string): Signal<TickerFrame | null> {
    const found = this.#tickers.get(symbol) ?? signal<TickerFrame | null>(null);
    this.#tickers.set(symbol, found);
    return found;
  }

  #take({ instrument }: InstrumentsFrame): boolean {
    const known = new Map(this.#bySymbol.peek());
    if (instrument.delisted) {
      this.#watched.get(instrument.symbol)?.();
      this.#watched.delete(instrument.symbol);
      known.delete(instrument.symbol);
    } else {
      if (!known.has(instrument.symbol)) this.#watch(instrument.symbol);
      known.set(instrument.symbol, instrument);
    }
    this.#bySymbol.value = known;
    return true;
  }

  #watch(symbol: string): void {
    const leave = this.feed.subscribe({
      channel: "ticker",
      symbol,
      options: { interval_ms: 100 },
      take: (frame) => {
        this.#latest.set(symbol, frame);
        this.frames.next(this.#publish);
        return true;
      },
    });
    this.#watched.set(symbol, leave);
  }

  readonly #publish = (): void => {
    for (const [symbol, ticker] of this.#latest) this.ticker(symbol).value = ticker;
    this.#latest.clear();
  };
}
