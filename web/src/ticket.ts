// The order ticket: what was typed, what is wrong with it before it is sent, and the exchange's answer.
//
// What passes the checks here may still be refused by the exchange; its answer is shown in the same place. What does
// not go with the chosen type or time in force is not sent, and offered again when it goes.
import { computed, signal } from "@preact/signals-core";
import { faultsOf, feeOf, pricedAt, valueOf, type Faults, type TicketField } from "./checks";
import { ceilTo, decimalsOf, floorTo, toText, toUnits, units } from "./decimal";
import { decimalsOfLot, decimalsOfPrice, tickAt } from "./instrument";
import type { Orders, Placement, Side } from "./orders";
import type { Fill, Instrument, Order, StatusFrame } from "./protocol";
import { Refusal } from "./refusal";
import { isCall, phaseFault } from "./status";

export type OrderType = Order["type"];
export type TimeInForce = Order["time_in_force"];
export type SelfTrade = Order["self_trade"];

export const TYPES: readonly OrderType[] = ["limit", "market", "stop", "stop_limit"];
export const TIMES_IN_FORCE: readonly TimeInForce[] = ["gtc", "day", "ioc", "fok", "gtd", "at_open", "at_close"];
export const SELF_TRADES: readonly SelfTrade[] = ["cancel_newest", "cancel_oldest", "cancel_both", "decrement"];

/** What the ticket knows of the chosen instrument; read as signals. */
interface Context {
  instrument(): Instrument | null;
  status(): StatusFrame | null;
  /** The last trade's price, else the listing's reference: the middle of the collar. */
  last(): string | null;
  /** The price that stepping starts from. */
  start(side: Side): string;
  /** The best price of the other side, "" for none. */
  opposite(side: Side): string;
}

export class Ticket {
  readonly side = signal<Side>("buy");
  readonly type = signal<OrderType>("limit");
  readonly quantity = signal("");
  readonly price = signal("");
  readonly stop_price = signal("");
  readonly display_quantity = signal("");
  /** Local date and time as a browser's own field writes it. */
  readonly expires = signal("");
  readonly timeInForce = signal<TimeInForce>("gtc");
  readonly postOnly = signal(false);
  readonly selfTrade = signal<SelfTrade>("cancel_newest");
  readonly sending = signal(false);
  /** What became of the last order, in a sentence. */
  readonly outcome = signal("");
  /** Before the first attempt an empty field is not a fault, only unfinished. */
  readonly #attempted = signal(false);
  readonly #refused = signal<Faults>({});

  readonly hasPrice = computed(() => this.type.value === "limit" || this.type.value === "stop_limit");
  readonly hasStop = computed(() => this.type.value === "stop" || this.type.value === "stop_limit");
  /** Whether the order could rest where others see it: only then may it be post-only or an iceberg. */
  readonly mayRest = computed(() => this.hasPrice.value && !AT_ONCE.has(this.timeInForce.value));
  /** The times in force that go with the type. */
  readonly timesInForce = computed(() =>
    this.hasStop.value ? TIMES_IN_FORCE.filter((each) => each !== "at_open" && each !== "at_close") : TIMES_IN_FORCE,
  );

  /** Why no order of this kind is taken now, "" if it is. */
  readonly barred = computed(() => phaseFault(this.context.status(), this.timeInForce.value));

  readonly faults = computed<Faults>(() => {
    const typed = this.#typedFaults();
    if (!this.#attempted.value) for (const field of FIELDS) if (this[field].value === "") delete typed[field];
    return { ...this.#refused.value, ...typed };
  });

  /** Price × quantity as text, "" while it has none; of a market order at the price it would meet. */
  readonly value = computed(() => {
    const value = this.#value();
    return value === null ? "" : toText(value, 2);
  });

  /** What the exchange would charge, in a phrase; "" where it charges nothing or it cannot be told yet. */
  readonly fee = computed(() => {
    const [value, instrument] = [this.#value(), this.context.instrument()];
    if (value === null || instrument === null) return "";
    const part = this.#part();
    const bps = instrument[`${part}_bps`];
    if (units(bps) === 0n) return "";
    return `${toText(feeOf(value, bps), 2)} ${part === "cross" ? "in the auction" : `as ${part}`} (${bps} bp)`;
  });

  /** The step of prices where the typed price, or else the market, is. */
  readonly tick = computed(() => {
    const instrument = this.context.instrument();
    if (instrument === null) return "";
    const price = toUnits(this.price.value.trim()) ?? units(this.context.last() ?? "0");
    const tick = tickAt(instrument, price);
    return toText(tick, decimalsOf(tick));
  });

  constructor(
    private readonly orders: Pick<Orders, "place">,
    private readonly context: Context,
  ) {}

  /** Takes what is typed; the last answer was about something else from then on. */
  edit(field: TicketField, text: string): void {
    this[field].value = text;
    this.#answered({}, "");
  }

  choose(side: Side): void {
    this.side.value = side;
    this.#answered({}, "");
  }

  chooseType(type: OrderType): void {
    this.type.value = type;
    if (!this.timesInForce.value.includes(this.timeInForce.value)) this.timeInForce.value = "gtc";
    this.#answered({}, "");
  }

  chooseTimeInForce(timeInForce: TimeInForce): void {
    this.timeInForce.value = timeInForce;
    this.#answered({}, "");
  }

  /** Moves a field by whole lots or ticks onto their grid; from nothing to the reference price or one lot. */
  step(field: TicketField, direction: 1 | -1): void {
    const instrument = this.context.instrument();
    if (instrument === null || field === "expires") return;
    const priced = field === "price" || field === "stop_price";
    const moved = priced ? this.#steppedPrice(instrument, field, direction) : this.#steppedQuantity(instrument, field, direction);
    this.edit(field, moved);
  }

  clear(): void {
    for (const field of FIELDS) this[field].value = "";
    this.#attempted.value = false;
    this.#answered({}, "");
  }

  /** Sends the order if nothing is wrong with it; a second call while one is under way does nothing. */
  async send(): Promise<void> {
    const instrument = this.context.instrument();
    this.#attempted.value = true;
    if (instrument === null || this.sending.value || this.barred.value !== "") return;
    if (Object.keys(this.#typedFaults()).length > 0) return;
    this.sending.value = true;
    this.#answered({}, "");
    try {
      this.#answered({}, sentenceOf(await this.orders.place(this.#placement(instrument))));
      this.#attempted.value = false;
    } catch (reason) {
      this.#answered(faultOf(reason), "");
    } finally {
      this.sending.value = false;
    }
  }

  #answered(faults: Faults, outcome: string): void {
    this.#refused.value = faults;
    this.outcome.value = outcome;
  }

  #typedFaults(): Faults {
    const instrument = this.context.instrument();
    return instrument === null ? {} : faultsOf(this.#placement(instrument), instrument, this.context.last());
  }

  #placement(instrument: Instrument): Placement {
    const typed = (field: TicketField): string => this[field].value.trim();
    const [timeInForce, selfTrade] = [this.timeInForce.value, this.selfTrade.value];
    const expires = timeInForce === "gtd" ? instant(typed("expires")) : undefined;
    return {
      symbol: instrument.symbol,
      side: this.side.value,
      type: this.type.value,
      quantity: typed("quantity"),
      ...(this.hasPrice.value ? { price: typed("price") } : {}),
      ...(this.hasStop.value ? { stop_price: typed("stop_price") } : {}),
      ...(timeInForce === "gtc" ? {} : { time_in_force: timeInForce }),
      ...(expires === undefined ? {} : { expires }),
      ...(this.mayRest.value && this.postOnly.value ? { post_only: true } : {}),
      ...(this.mayRest.value && typed("display_quantity") !== "" ? { display_quantity: typed("display_quantity") } : {}),
      ...(selfTrade === "cancel_newest" ? {} : { self_trade: selfTrade }),
    };
  }

  #value(): bigint | null {
    const instrument = this.context.instrument();
    if (instrument === null) return null;
    const met = this.type.value === "market" ? this.context.opposite(this.side.value) : "";
    const price = toUnits(met === "" ? (pricedAt(this.#placement(instrument), this.context.last()) ?? "") : met);
    const quantity = toUnits(this.quantity.value.trim());
    return price === null || quantity === null ? null : valueOf(price, quantity);
  }

  /** What part the order would have in a trade now. */
  #part(): Fill["liquidity"] {
    const status = this.context.status();
    if (status !== null && isCall(status.phase)) return "cross";
    if (this.type.value !== "limit" || AT_ONCE.has(this.timeInForce.value)) return "taker";
    const [opposite, price] = [toUnits(this.context.opposite(this.side.value)), toUnits(this.price.value.trim())];
    if (opposite === null || price === null) return "maker";
    return (this.side.value === "buy" ? price >= opposite : price <= opposite) ? "taker" : "maker";
  }

  #steppedPrice(instrument: Instrument, field: "price" | "stop_price", direction: 1 | -1): string {
    const from = toUnits(this[field].value.trim());
    if (from === null) return this.context.start(this.side.value);
    const tick = tickAt(instrument, direction < 0 && from > 0n ? from - 1n : from);
    return toText(stepped(from, tick, direction), decimalsOfPrice(instrument));
  }

  #steppedQuantity(instrument: Instrument, field: "quantity" | "display_quantity", direction: 1 | -1): string {
    const from = toUnits(this[field].value.trim()) ?? 0n;
    return toText(stepped(from, units(instrument.lot_size), direction), decimalsOfLot(instrument));
  }
}

const FIELDS: readonly TicketField[] = ["quantity", "price", "stop_price", "display_quantity", "expires"];
const AT_ONCE: ReadonlySet<TimeInForce> = new Set(["ioc", "fok"]);

/** The next point of the grid in that direction, never below one step. */
function stepped(from: bigint, step: bigint, direction: 1 | -1): bigint {
  const next = direction > 0 ? floorTo(from, step) + step : ceilTo(from, step) - step;
  return next < step ? step : next;
}

/** A local date and time as the protocol's instant; undefined while it is none. */
function instant(local: string): string | undefined {
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

function faultOf(reason: unknown): Faults {
  const message = reason instanceof Error ? sentence(reason.message) : String(reason);
  const field = reason instanceof Refusal ? FIELDS.find((each) => each === reason.field) : undefined;
  return field === undefined ? { ticket: message } : { [field]: message };
}

function sentence(message: string): string {
  const whole = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

function sentenceOf(order: Order): string {
  const what = `${order.side === "buy" ? "Buy" : "Sell"} ${order.quantity} ${order.symbol}`;
  if (order.status === "filled") return `${what}: filled at ${order.average_price}.`;
  if (order.status === "pending_trigger") return `${what}: waits for ${order.stop_price}.`;
  if (order.status === "open") return `${what} at ${order.price ?? "the market"}: open.`;
  if (order.status === "partially_filled") return `${what}: ${order.filled_quantity} filled, the rest is open.`;
  const filled = units(order.filled_quantity) > 0n ? `${order.filled_quantity} filled, the rest ` : "";
  return `${what}: ${filled}${order.status}${REASONS[order.reason ?? ""] ?? ""}.`;
}

const REASONS: Readonly<Record<string, string>> = {
  no_liquidity: ", nothing left to trade with",
  self_trade: ", it met an own order",
  outside_band: ", the rest would have traded outside the bands",
  volatility: ", trading is interrupted by a volatility auction",
};
