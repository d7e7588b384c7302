// The order ticket: what was typed, what is wrong with it before it is sent, and the exchange's answer.
//
// What passes the checks here may still be refused by the exchange; its answer is shown in the same place.
import { computed, signal } from "@preact/signals-core";
import { faultsOf, valueOf, type Faults, type TicketField } from "./checks";
import { ceilTo, decimalsOf, floorTo, toText, toUnits, units } from "./decimal";
import { decimalsOfLot, decimalsOfPrice, tickAt } from "./instrument";
import type { Orders, Placement, Side } from "./orders";
import type { Instrument, Order } from "./protocol";
import { Refusal } from "./refusal";

/** What the ticket knows of the chosen instrument; read as signals. */
interface Context {
  instrument(): Instrument | null;
  /** The last trade's price, else the listing's reference: the middle of the collar. */
  last(): string | null;
  /** The price that stepping starts from. */
  start(side: Side): string;
}

export class Ticket {
  readonly side = signal<Side>("buy");
  readonly type = signal<"limit" | "market">("limit");
  readonly quantity = signal("");
  readonly price = signal("");
  readonly sending = signal(false);
  /** What became of the last order, in a sentence. */
  readonly outcome = signal("");
  /** Before the first attempt an empty field is not a fault, only unfinished. */
  readonly #attempted = signal(false);
  readonly #refused = signal<Faults>({});

  readonly faults = computed<Faults>(() => {
    const typed = this.#typedFaults();
    if (this.price.value === "" && !this.#attempted.value) delete typed.price;
    if (this.quantity.value === "" && !this.#attempted.value) delete typed.quantity;
    return { ...this.#refused.value, ...typed };
  });

  /** Price × quantity as text, "" while it has none. */
  readonly value = computed(() => {
    const price = toUnits(this.price.value.trim());
    const quantity = toUnits(this.quantity.value.trim());
    if (this.type.value === "market" || price === null || quantity === null) return "";
    return toText(valueOf(price, quantity), 2);
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

  chooseType(type: "limit" | "market"): void {
    this.type.value = type;
    this.#answered({}, "");
  }

  /** Moves a field by whole lots or ticks onto their grid; from nothing to the reference price or one lot. */
  step(field: TicketField, direction: 1 | -1): void {
    const instrument = this.context.instrument();
    if (instrument === null) return;
    const moved = field === "price" ? this.#steppedPrice : this.#steppedQuantity;
    this.edit(field, moved.call(this, instrument, direction));
  }

  clear(): void {
    this.quantity.value = "";
    this.price.value = "";
    this.#attempted.value = false;
    this.#answered({}, "");
  }

  /** Sends the order if nothing is wrong with it; a second call while one is under way does nothing. */
  async send(): Promise<void> {
    const instrument = this.context.instrument();
    this.#attempted.value = true;
    if (instrument === null || this.sending.value || Object.keys(this.#typedFaults()).length > 0) return;
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
    const order = { symbol: instrument.symbol, side: this.side.value, quantity: this.quantity.value.trim() };
    if (this.type.value === "market") return { ...order, type: "market" };
    return { ...order, type: "limit", price: this.price.value.trim() };
  }

  #steppedPrice(instrument: Instrument, direction: 1 | -1): string {
    const from = toUnits(this.price.value.trim());
    if (from === null) return this.context.start(this.side.value);
    const tick = tickAt(instrument, direction < 0 && from > 0n ? from - 1n : from);
    return toText(stepped(from, tick, direction), decimalsOfPrice(instrument));
  }

  #steppedQuantity(instrument: Instrument, direction: 1 | -1): string {
    const from = toUnits(this.quantity.value.trim()) ?? 0n;
    return toText(stepped(from, units(instrument.lot_size), direction), decimalsOfLot(instrument));
  }
}

/** The next point of the grid in that direction, never below one step. */
function stepped(from: bigint, step: bigint, direction: 1 | -1): bigint {
  const next = direction > 0 ? floorTo(from, step) + step : ceilTo(from, step) - step;
  return next < step ? step : next;
}

function faultOf(reason: unknown): Faults {
  const message = reason instanceof Error ? sentence(reason.message) : String(reason);
  const field = reason instanceof Refusal ? reason.field : undefined;
  return field === "price" || field === "quantity" ? { [field]: message } : { ticket: message };
}

function sentence(message: string): string {
  const whole = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

function sentenceOf(order: Order): string {
  const what = `${order.side === "buy" ? "Buy" : "Sell"} ${order.quantity} ${order.symbol}`;
  if (order.status === "filled") return `${what}: filled at ${order.average_price}.`;
  if (order.status === "open") return `${what} at ${order.price}: open.`;
  if (order.status === "partially_filled") return `${what}: ${order.filled_quantity} filled, the rest is open.`;
  const filled = units(order.filled_quantity) > 0n ? `${order.filled_quantity} filled, the rest ` : "";
  return `${what}: ${filled}${order.status}${REASONS[order.reason ?? ""] ?? ""}.`;
}

const REASONS: Readonly<Record<string, string>> = {
  no_liquidity: ", nothing left to trade with",
  self_trade: ", it met an own order",
};
