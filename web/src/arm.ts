// Trading on the ladder by a click: only while it is armed, always the quantity that stands beside the switch.
//
// It is never armed by itself: another instrument, another account or a connection that is not live disarms it.
import { signal } from "@preact/signals-core";
import { faultsOf } from "./checks";
import { toUnits } from "./decimal";
import type { Notices } from "./notices";
import type { Orders, Placement, Side } from "./orders";
import type { Instrument, Order, StatusFrame } from "./protocol";
import { phaseFault } from "./status";

interface Context {
  instrument(): Instrument | null;
  status(): StatusFrame | null;
  last(): string | null;
}

export class Arm {
  readonly armed = signal(false);
  readonly quantity = signal("");

  constructor(
    private readonly orders: Pick<Orders, "place" | "cancel" | "move">,
    private readonly notices: Pick<Notices, "say">,
    private readonly context: Context,
  ) {}

  disarm(): void {
    this.armed.value = false;
  }

  /** Places a limit order; what is wrong with it is told and nothing sent. */
  async click(side: Side, price: string): Promise<void> {
    const instrument = this.context.instrument();
    if (instrument === null || !this.armed.value) return;
    const quantity = this.quantity.value.trim() || instrument.min_quantity;
    const order: Placement = { symbol: instrument.symbol, side, type: "limit", quantity, price };
    const fault = phaseFault(this.context.status(), "gtc") || Object.values(faultsOf(order, instrument, this.context.last()))[0];
    if (fault !== undefined && fault !== "") return this.#say(order, fault);
    try {
      await this.orders.place(order);
    } catch (reason) {
      this.#say(order, (reason as Error).message);
    }
  }

  /** Cancels own orders; canceling needs no arm, it only ever lowers what is at stake. */
  cancel(orders: readonly Order[]): void {
    for (const order of orders) void this.orders.cancel(order);
  }

  /** Moves own orders to another price; each keeps its quantity and loses its place in the queue. */
  drag(orders: readonly Order[], price: string): void {
    if (!this.armed.value || toUnits(price) === null) return;
    for (const order of orders) if (order.price !== price) void this.orders.move(order, price);
  }

  #say({ side, symbol, price }: Placement, fault: string): void {
    this.notices.say("fault", `${side === "buy" ? "Buy" : "Sell"} ${symbol} at ${price}: ${fault}`, "ladder");
  }
}
