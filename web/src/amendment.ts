// An open order amended where it stands: one cell at a time, checked like a new order before it is sent.
import { signal } from "@preact/signals-core";
import { faultsOf } from "./checks";
import type { Changes, Orders, Placement } from "./orders";
import type { Instrument, Order } from "./protocol";

export type AmendField = "price" | "stop_price" | "quantity";

export interface Editing {
  readonly order: Order;
  readonly field: AmendField;
  readonly text: string;
  readonly fault: string;
  readonly sending: boolean;
}

interface Context {
  instrument(symbol: string): Instrument | null;
  last(symbol: string): string | null;
}

export class Amendment {
  readonly editing = signal<Editing | null>(null);

  constructor(
    private readonly orders: Pick<Orders, "amend">,
    private readonly context: Context,
  ) {}

  begin(order: Order, field: AmendField): void {
    this.editing.value = { order, field, text: order[field] ?? "", fault: "", sending: false };
  }

  type(text: string): void {
    const editing = this.editing.value;
    if (editing !== null) this.editing.value = { ...editing, text, fault: "" };
  }

  leave(): void {
    this.editing.value = null;
  }

  /** Sends what was typed unless it is wrong or what is there already; a refusal stays at the cell. */
  async send(): Promise<void> {
    const editing = this.editing.value;
    if (editing === null || editing.sending) return;
    const { order, field } = editing;
    const text = editing.text.trim();
    if (text === order[field]) return this.leave();
    const fault = this.#fault(order, { [field]: text });
    if (fault !== "") return this.#judged(editing, fault);
    this.editing.value = { ...editing, sending: true };
    try {
      await this.orders.amend(order, { [field]: text });
      if (this.#isStill(editing)) this.leave();
    } catch (reason) {
      if (this.#isStill(editing)) this.#judged(editing, (reason as Error).message);
    }
  }

  #fault(order: Order, changes: Changes): string {
    const instrument = this.context.instrument(order.symbol);
    if (instrument === null) return "";
    const faults = faultsOf(placementOf(order, changes), instrument, this.context.last(order.symbol));
    return Object.values(faults)[0] ?? "";
  }

  #judged(editing: Editing, fault: string): void {
    this.editing.value = { ...editing, fault, sending: false };
  }

  /** Whether nobody has begun with another cell meanwhile. */
  #isStill({ order, field }: Editing): boolean {
    const now = this.editing.value;
    return now?.order.order_id === order.order_id && now.field === field;
  }
}

function placementOf(order: Order, changes: Changes): Placement {
  const price = changes.price ?? order.price;
  const stopPrice = changes.stop_price ?? order.stop_price;
  return {
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    quantity: changes.quantity ?? order.quantity,
    ...(price === null ? {} : { price }),
    ...(stopPrice === null ? {} : { stop_price: stopPrice }),
  };
}
