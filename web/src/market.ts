// The instrument that is looked at: its book as a ladder, and its tape.
import { computed, effect, signal } from "@preact/signals-core";
import { Book } from "./book";
import { units } from "./decimal";
import type { Feed } from "./feed";
import type { Frames } from "./frames";
import type { Instruments } from "./instruments";
import { Ladder } from "./ladder";
import type { Orders, Side } from "./orders";
import type { StatusFrame } from "./protocol";
import { Tape } from "./tape";

export class Market {
  readonly symbol = signal("");
  readonly instrument = computed(() => this.instruments.get(this.symbol.value));
  readonly ladder = new Ladder();
  readonly status = signal<StatusFrame | null>(null);
  readonly tape: Tape;
  readonly #book = new Book();
  #leave: (() => void)[] = [];

  constructor(
    private readonly feed: Feed,
    private readonly instruments: Instruments,
    private readonly orders: Orders,
    private readonly frames: Frames,
  ) {
    this.tape = new Tape(frames);
    effect(() => {
      const first = this.instruments.symbols.value[0];
      if (this.symbol.value === "" && first !== undefined) this.look(first);
    });
    effect(() => {
      void [this.orders.open.value, this.tape.trades.value, this.instrument.value, this.ladder.group.value];
      this.frames.next(this.#publish);
    });
  }

  /** Looks at another instrument; what was shown of the last one goes at once. */
  look(symbol: string): void {
    for (const leave of this.#leave) leave();
    this.#book.clear();
    this.ladder.clear();
    this.tape.clear();
    this.status.value = null;
    this.symbol.value = symbol;
    this.#leave = [
      this.feed.subscribe({
        channel: "book",
        symbol,
        options: { depth: 50, interval_ms: 20 },
        take: (frame) => {
          this.frames.next(this.#publish);
          return this.#book.apply(frame);
        },
      }),
      this.feed.subscribe({ channel: "trades", symbol, take: (frame) => this.tape.take(frame) }),
      this.feed.subscribe({
        channel: "status",
        symbol,
        take: (frame) => {
          this.status.value = frame;
          return true;
        },
      }),
    ];
  }

  /** The last trade's price, else the listing's reference price. */
  last(): string | null {
    return this.tape.trades.value[0]?.price ?? this.instrument.value?.reference_price ?? null;
  }

  /** The price that takes the best order of the other side, else the own side's best, else the last: "" for none. */
  start(side: Side): string {
    const halves = side === "buy" ? [this.#book.asks, this.#book.bids] : [this.#book.bids, this.#book.asks];
    const found = halves.find((half) => half.best !== undefined)?.best?.printed[0];
    return found ?? this.last() ?? "";
  }

  readonly #publish = (): void => {
    const instrument = this.instrument.peek();
    if (instrument === null) return;
    const own = this.orders.open.peek().filter((order) => order.symbol === instrument.symbol);
    const last = this.tape.trades.peek()[0]?.price ?? instrument.reference_price;
    this.ladder.show(instrument, this.#book, own, last ? units(last) : null);
  };
}
