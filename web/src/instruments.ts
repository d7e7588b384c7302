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

  constructor(
    private readonly feed: Feed,
    private readonly frames: Frames,
  ) {
    feed.subscribe({ channel: "instruments", take: (frame) => this.#take(frame as InstrumentsFrame) });
  }

  get(symbol: string): Instrument | null {
    return this.#bySymbol.value.get(symbol) ?? null;
  }

  ticker(symbol: string): Signal<TickerFrame | null> {
    const found = this.#tickers.get(symbol) ?? signal<TickerFrame | null>(null);
    this.#tickers.set(symbol, found);
    return found;
  }

  #take(frame: InstrumentsFrame): boolean {
    const listed = frame.type === "snapshot" ? frame.instruments : [frame.instrument];
    const next = new Map(this.#bySymbol.value);
    for (const instrument of listed) {
      if (!next.has(instrument.symbol)) this.#watch(instrument.symbol);
      next.set(instrument.symbol, instrument);
    }
    this.#bySymbol.value = next;
    return true;
  }

  #watch(symbol: string): void {
    this.feed.subscribe({
      channel: "ticker",
      symbol,
      options: { interval_ms: 100 },
      take: (frame) => {
        this.#latest.set(symbol, frame as TickerFrame);
        this.frames.next(this.#publish);
        return true;
      },
    });
  }

  readonly #publish = (): void => {
    for (const [symbol, ticker] of this.#latest) this.ticker(symbol).value = ticker;
    this.#latest.clear();
  };
}
