// One instrument that is open on the screen: its book, tape, candles and what is drawn of them.
//
// It hears everything as long as it is open, so that switching to it shows it at once; it draws only while it is
// looked at, at most once a frame.
import { computed, effect, signal } from "@preact/signals-core";
import type { Api } from "./api";
import { Book } from "./book";
import { Candles, type Change } from "./candles";
import { units } from "./decimal";
import { curvesOf, type Curves } from "./depth";
import type { Feed } from "./exchange_socket";
import type { Frames } from "./frames";
import { Ladder } from "./ladder";
import type { Orders, Side } from "./orders";
import type { Preferences } from "./preferences";
import type { Instrument, Order, StatusFrame, TradesFrame } from "./protocol";
import { Quotes } from "./quotes";
import { Tape } from "./tape";
import { Volumes } from "./volumes";

const BOOK_DEPTH = 50;
/** As many as the exchange keeps at hand; older ones are the recorder's. */
const HISTORY_TRADES = 1_000;

export interface Surroundings {
  readonly api: Pick<Api, "get">;
  readonly feed: Pick<Feed, "subscribe">;
  readonly frames: Frames;
  readonly orders: Pick<Orders, "open">;
  readonly preferences: Preferences;
  instrument(symbol: string): Instrument | null;
  status(symbol: string): StatusFrame | null;
}

export class Market {
  readonly instrument = computed(() => this.surroundings.instrument(this.symbol));
  readonly status = computed(() => this.surroundings.status(this.symbol));
  readonly own = computed(() => this.surroundings.orders.open.value.filter((order) => order.symbol === this.symbol));
  readonly ladder = new Ladder();
  readonly quotes = new Quotes();
  readonly tape: Tape;
  readonly candles: Candles;
  /** Counts changes of the candles; what changed since the last look is told by `takeChange`. */
  readonly candlesChanged = signal(0);
  /** Made only while somebody draws them. */
  readonly curves = computed<Curves>(() => {
    void this.#published.value;
    return curvesOf(this.#book, BOOK_DEPTH);
  });
  readonly #published = signal(0);
  readonly #book = new Book();
  readonly #volumes = new Volumes();
  #change: Change = "all";
  #looked = false;
  #leave: (() => void)[] = [];
  #leaveBook: () => void = () => undefined;

  constructor(
    readonly symbol: string,
    private readonly surroundings: Surroundings,
  ) {
    const { feed, frames, preferences } = surroundings;
    this.tape = new Tape(frames);
    this.candles = new Candles(preferences.candle.peek());
    this.#leave = [
      feed.subscribe({ channel: "trades", symbol, take: (frame) => this.#traded(frame) }),
      effect(() => this.#followBook(preferences.interval.value)),
      effect(() => this.#regroup(preferences.candle.value)),
      effect(() => {
        void [this.own.value, this.tape.trades.value, this.instrument.value, this.status.value, this.ladder.group.value, this.ladder.rows.value];
        frames.next(this.#publish);
      }),
      () => this.#leaveBook(),
    ];
    void this.#askHistory();
  }

  close(): void {
    for (const leave of this.#leave) leave();
  }

  /** Whether it is drawn; what it hears meanwhile is drawn when it is looked at again. */
  look(looked: boolean): void {
    this.#looked = looked;
    if (looked) this.surroundings.frames.next(this.#publish);
  }

  /** The last trade's price, else the listing's reference price. */
  last(): string | null {
    return this.tape.trades.value[0]?.price ?? this.instrument.value?.reference_price ?? null;
  }

  /** The price that takes the best order of the other side, else the own side's best, else the last: "" for none. */
  start(side: Side): string {
    return this.opposite(side) || (this.#half(side).best?.printed[0] ?? this.last() ?? "");
  }

  /** The best price of the other side, "" for none. */
  opposite(side: Side): string {
    return this.#half(side === "buy" ? "sell" : "buy").best?.printed[0] ?? "";
  }

  recentre(): void {
    this.ladder.recentre();
    this.surroundings.frames.next(this.#publish);
  }

  /** What changed in the candles since this was last asked. */
  takeChange(): Change {
    const change = this.#change;
    this.#change = "none";
    return change;
  }

  #half(side: Side): Book["bids"] {
    return side === "buy" ? this.#book.bids : this.#book.asks;
  }

  #followBook(intervalMs: number): void {
    this.#leaveBook();
    this.#leaveBook = this.surroundings.feed.subscribe({
      channel: "book",
      symbol: this.symbol,
      options: { depth: BOOK_DEPTH, interval_ms: intervalMs },
      take: (frame) => {
        this.surroundings.frames.next(this.#publish);
        return this.#book.apply(frame);
      },
    });
  }

  #traded(frame: TradesFrame): boolean {
    // A trade that is undone is told again, and may be older than all that is known here: that is no trade to count.
    const made = frame.type === "update" ? frame.trades.filter((trade) => trade.bust !== true) : frame.trades;
    this.#volumes.take(made);
    this.#charted(this.candles.take(made));
    return this.tape.take(frame);
  }

  #regroup(seconds: number): void {
    if (seconds === this.candles.interval) return;
    this.candles.regroup(seconds);
    this.#charted("all");
  }

  /** Without an answer there is a shorter chart, no worse. */
  async #askHistory(): Promise<void> {
    const path = `/v1/instruments/${this.symbol}/trades?limit=${HISTORY_TRADES}`;
    const { trades } = await this.surroundings.api.get<TradesFrame>(path).catch(() => ({ trades: [] }));
    this.#volumes.take(trades);
    this.#charted(this.candles.take(trades));
  }

  #charted(change: Change): void {
    if (change === "none") return;
    this.#change = merged(this.#change, change);
    this.surroundings.frames.next(this.#publishCandles);
  }

  readonly #publishCandles = (): void => {
    this.candlesChanged.value += 1;
  };

  readonly #publish = (): void => {
    const instrument = this.instrument.peek();
    if (instrument === null || !this.#looked) return;
    const last = this.tape.trades.peek()[0]?.price ?? instrument.reference_price;
    const own: readonly Order[] = this.own.peek();
    const shown = { book: this.#book, own, volumes: this.#volumes.at, bands: bandsOf(this.status.peek()) };
    this.ladder.show(instrument, { ...shown, last: last ? units(last) : null });
    this.quotes.show(instrument, this.#book);
    this.#published.value += 1;
  };
}

function merged(one: Change, other: Change): Change {
  if (one === "all" || other === "all") return "all";
  if (one === "none" || other === "none") return one === "none" ? other : one;
  return Math.min(one, other);
}

function bandsOf(status: StatusFrame | null): [bigint, bigint] | null {
  const { band_low: low = null, band_high: high = null } = status ?? {};
  return low === null || high === null ? null : [units(low), units(high)];
}
