// All instruments with the latest of their tickers: the list to choose from.
import { computed, signal, type Signal } from "@preact/signals-core";
import type { Ticker } from "./ahead";
import { units } from "./decimal";
import type { Feed } from "./exchange_socket";
import type { Frames } from "./frames";
import type { Instrument, InstrumentsFrame } from "./protocol";
import type { Sparklines } from "./sparklines";
import type { Statuses } from "./status";

export class Instruments {
  readonly #bySymbol = signal<ReadonlyMap<string, Instrument>>(new Map());
  readonly symbols = computed(() => [...this.#bySymbol.value.keys()].sort());
  readonly #tickers = new Map<string, Signal<Ticker | null>>();
  readonly #latest = new Map<string, Ticker>();
  readonly #leave = new Map<string, () => void>();

  constructor(
    private readonly feed: Pick<Feed, "subscribe">,
    private readonly frames: Frames,
    private readonly statuses: Pick<Statuses, "watch">,
    private readonly sparklines: Pick<Sparklines, "add">,
  ) {
    feed.subscribe({ channel: "instruments", take: (frame) => this.#take(frame) });
  }

  get(symbol: string): Instrument | null {
    return this.#bySymbol.value.get(symbol) ?? null;
  }

  ticker(symbol: string): Signal<Ticker | null> {
    const found = this.#tickers.get(symbol) ?? signal<Ticker | null>(null);
    this.#tickers.set(symbol, found);
    return found;
  }

  #take({ instrument }: InstrumentsFrame): boolean {
    const known = new Map(this.#bySymbol.peek());
    if (instrument.delisted === true) this.#forget(instrument.symbol, known);
    else {
      if (!known.has(instrument.symbol)) this.#watch(instrument.symbol);
      known.set(instrument.symbol, instrument);
    }
    this.#bySymbol.value = known;
    return true;
  }

  /** What was taken off the exchange is told once more, or to who was away then refused; it is not asked for again. */
  #forget(symbol: string, known: Map<string, Instrument>): void {
    known.delete(symbol);
    this.#leave.get(symbol)?.();
    this.#leave.delete(symbol);
    this.#latest.delete(symbol);
    this.ticker(symbol).value = null;
  }

  #watch(symbol: string): void {
    const leaveStatus = this.statuses.watch(symbol);
    const leaveTicker = this.feed.subscribe({
      channel: "ticker",
      symbol,
      options: { interval_ms: 100 },
      take: (frame) => {
        this.#latest.set(symbol, frame);
        this.frames.next(this.#publish);
        return true;
      },
      unknown: () => {
        const known = new Map(this.#bySymbol.peek());
        this.#forget(symbol, known);
        this.#bySymbol.value = known;
      },
    });
    this.#leave.set(symbol, () => {
      leaveStatus();
      leaveTicker();
    });
  }

  readonly #publish = (): void => {
    for (const [symbol, ticker] of this.#latest) {
      this.ticker(symbol).value = ticker;
      if (ticker.last !== null) this.sparklines.add(symbol, ticker.last);
    }
    this.#latest.clear();
  };
}

/** The change of the day in per cent with two decimals: against its first price, else against the reference price. */
export function changeOf(ticker: Ticker | null, instrument: Instrument | null): string {
  const from = ticker?.open ?? instrument?.reference_price ?? null;
  const last = ticker?.last ?? null;
  if (from === null || last === null || units(from) === 0n) return "";
  const hundredths = Math.round((Number(units(last) - units(from)) / Number(units(from))) * 10_000);
  return `${hundredths > 0 ? "+" : hundredths < 0 ? "−" : ""}${(Math.abs(hundredths) / 100).toFixed(2)}%`;
}
