// Everything the screen knows, put together once. The views get this and nothing else; no DOM and no socket here.
import { effect, signal, untracked } from "@preact/signals-core";
import { Amendment } from "./amendment";
import { Api, type Fetch } from "./api";
import { Arm } from "./arm";
import { Clock } from "./clock";
import { Feed } from "./exchange_socket";
import type { Surroundings } from "./surroundings";
import { Frames } from "./frames";
import { History } from "./history";
import { Hotkeys, type Panel } from "./hotkeys";
import { Identity } from "./identity";
import { Instruments } from "./instruments";
import { Markets } from "./markets";
import { Notices } from "./notices";
import { Orders } from "./orders";
import { Positions } from "./positions";
import { Preferences } from "./preferences";
import type { TradesFrame } from "./protocol";
import { Refusal } from "./refusal";
import { Sparklines } from "./sparklines";
import { Statuses } from "./status";
import { Switcher } from "./switcher";
import { Ticket } from "./ticket";

export interface Outside extends Surroundings {
  nextFrame(run: () => void): void;
  newId(): string;
  fetch: Fetch;
  /** What ends with the tab: the token. */
  sessionStorage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** What stays: the look and the layout. */
  localStorage: Pick<Storage, "getItem" | "setItem">;
  /** Milliseconds since 1970. */
  today(): number;
}

/** What covers the screen until it is closed. */
export type Dialog = "" | "help" | "settings" | "login";

/** Instruments whose line begins with trades that are asked for; the others' lines grow as one looks. */
const LINES_MAX = 30;
const LINE_TRADES = 300;

export class Screen {
  readonly clock: Clock;
  readonly feed: Feed;
  readonly notices: Notices;
  readonly identity: Identity;
  readonly api: Api;
  readonly preferences: Preferences;
  readonly statuses: Statuses;
  readonly sparklines: Sparklines;
  readonly instruments: Instruments;
  readonly history = new History();
  readonly orders: Orders;
  readonly positions: Positions;
  readonly markets: Markets;
  readonly ticket: Ticket;
  readonly arm: Arm;
  readonly amendment: Amendment;
  readonly switcher: Switcher;
  readonly hotkeys: Hotkeys;
  readonly dialog = signal<Dialog>("");
  /** The panel that hot keys work on. */
  readonly active = signal<Panel>("");
  readonly #lined = new Set<string>();

  constructor(outside: Outside) {
    const frames = new Frames(outside.nextFrame, outside.now);
    this.clock = new Clock(outside.today);
    this.feed = new Feed(outside, (time) => this.clock.heard(time));
    this.notices = new Notices(outside.after);
    // A token that has expired must not stand in the way of a new one.
    const stranger = new Api(outside.fetch, () => "");
    this.identity = new Identity(this.feed, {
      demoToken: (account) => demoToken(stranger, account),
      storage: outside.sessionStorage,
      now: outside.today,
      after: outside.after,
    });
    this.api = new Api(outside.fetch, () => this.identity.token);
    this.preferences = new Preferences(outside.localStorage);
    this.statuses = new Statuses(this.feed, frames);
    this.sparklines = new Sparklines(outside.today);
    this.instruments = new Instruments(this.feed, frames, this.statuses, this.sparklines);
    this.orders = new Orders(this.feed, this.notices, outside, this.history);
    this.positions = new Positions(this.feed);
    this.markets = new Markets(this.instruments, {
      api: this.api,
      feed: this.feed,
      frames,
      orders: this.orders,
      preferences: this.preferences,
      instrument: (symbol) => this.instruments.get(symbol),
      status: (symbol) => this.statuses.of(symbol).value,
    });
    const looked = {
      instrument: () => this.markets.current.value?.instrument.value ?? null,
      status: () => this.markets.current.value?.status.value ?? null,
      last: () => this.markets.current.value?.last() ?? null,
      start: (side: "buy" | "sell") => this.markets.current.value?.start(side) ?? "",
      opposite: (side: "buy" | "sell") => this.markets.current.value?.opposite(side) ?? "",
    };
    this.ticket = new Ticket(this.orders, looked);
    this.arm = new Arm(this.orders, this.notices, looked);
    this.amendment = new Amendment(this.orders, {
      instrument: (symbol) => this.instruments.get(symbol),
      last: (symbol) => this.instruments.ticker(symbol).peek()?.last ?? this.instruments.get(symbol)?.reference_price ?? null,
    });
    this.switcher = new Switcher({
      symbols: () => this.instruments.symbols.value,
      favourites: () => this.preferences.favourites.value,
      look: (symbol) => this.look(symbol),
    });
    this.hotkeys = new Hotkeys(this.#hotkeys());
    effect(() => {
      if (this.feed.connection.value !== "live") this.arm.disarm();
    });
    effect(() => {
      void this.#beginLines(this.instruments.symbols.value);
    });
    effect(() => {
      void this.identity.account.value;
      untracked(() => this.#forget());
    });
  }

  start(): void {
    this.feed.start();
    void this.identity.start();
  }

  /** Looks at an instrument; nothing typed or armed for another one goes with it. */
  readonly look = (symbol: string): void => {
    if (symbol === this.markets.symbol.peek()) return;
    this.markets.look(symbol);
    this.ticket.clear();
    this.arm.disarm();
  };

  /** Nobody from here on. */
  readonly logout = (): void => {
    this.identity.leave();
    this.feed.logout();
  };

  /** Nothing of one account is shown or used under another. */
  #forget(): void {
    this.orders.forget();
    this.positions.forget();
    this.amendment.leave();
    this.ticket.clear();
    this.arm.disarm();
  }

  /** One after the other: a screen that opens is no burst of questions. */
  async #beginLines(symbols: readonly string[]): Promise<void> {
    const fresh = symbols.slice(0, LINES_MAX).filter((symbol) => !this.#lined.has(symbol));
    for (const symbol of fresh) this.#lined.add(symbol);
    for (const symbol of fresh) {
      const path = `/v1/instruments/${symbol}/trades?limit=${LINE_TRADES}`;
      const frame = await this.api.get<TradesFrame>(path).catch(() => null);
      if (frame !== null) this.sparklines.begin(symbol, frame.trades);
    }
  }

  #hotkeys(): Hotkeys["all"] {
    const market = (): Markets["current"]["value"] => this.markets.current.peek();
    const symbol = (): string => this.markets.symbol.peek();
    return [
      { keys: "Ctrl K", what: "Search an instrument", panel: "", run: () => this.switcher.show() },
      { keys: "?", what: "List the hot keys", panel: "", run: () => (this.dialog.value = "help") },
      { keys: "L", what: "Go to the ladder", panel: "", run: () => (this.active.value = "ladder") },
      { keys: "O", what: "Go to the open orders", panel: "", run: () => (this.active.value = "orders") },
      { keys: "A", what: "Arm or disarm the ladder", panel: "ladder", run: () => (this.arm.armed.value = !this.arm.armed.value) },
      { keys: "B", what: "Armed: bid at the best bid", panel: "ladder", run: () => this.#join("buy") },
      { keys: "S", what: "Armed: offer at the best ask", panel: "ladder", run: () => this.#join("sell") },
      { keys: "C", what: "Put the market into the middle", panel: "ladder", run: () => market()?.recentre() },
      { keys: "+", what: "Coarser price steps", panel: "ladder", run: () => market()?.ladder.zoom(1) },
      { keys: "-", what: "Finer price steps", panel: "ladder", run: () => market()?.ladder.zoom(-1) },
      { keys: "X", what: "Cancel the orders of this instrument", panel: "ladder", run: () => void this.orders.cancelAll({ symbol: symbol() }) },
      { keys: "X", what: "Cancel the newest order", panel: "orders", run: () => this.arm.cancel(this.orders.open.peek().slice(0, 1)) },
      { keys: "Shift X", what: "Cancel all orders", panel: "orders", run: () => void this.orders.cancelAll() },
    ];
  }

  #join(side: "buy" | "sell"): void {
    const best = this.markets.current.peek()?.opposite(side === "buy" ? "sell" : "buy") ?? "";
    if (best !== "") void this.arm.click(side, best);
  }
}

/** A token for a demo account; null where the exchange gives none. */
async function demoToken(api: Api, account: string): Promise<string | null> {
  try {
    return (await api.ask<{ token: string }>("POST", "/v1/demo/token", { account })).token;
  } catch (reason) {
    if (reason instanceof Refusal && reason.code === "not_found") return null;
    throw reason;
  }
}
