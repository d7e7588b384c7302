// The account's own orders: placing, amending, canceling, and what is open.
//
// Always: what is open comes from the `orders` channel alone, never from an answer, so there is one truth. An order
// whose answer got lost is never sent again: the exchange is asked, by its client order id, what became of it.
import { effect, signal } from "@preact/signals-core";
import type { Feed } from "./exchange_socket";
import type { History } from "./history";
import type { Notices } from "./notices";
import type { Order, OrderCancelAllResult, OrdersSnapshot, OrdersUpdate, ResumeResult } from "./protocol";
import { ConnectionLost, Refusal } from "./refusal";

export type Side = Order["side"];

/** An order to be: decimals as they were typed. */
export interface Placement {
  symbol: string;
  side: Side;
  type: Order["type"];
  quantity: string;
  price?: string;
  stop_price?: string;
  time_in_force?: Order["time_in_force"];
  expires?: string;
  post_only?: boolean;
  display_quantity?: string;
  self_trade?: Order["self_trade"];
}

/** What is to be different of an open order. */
export interface Changes {
  price?: string;
  stop_price?: string;
  quantity?: string;
}

/** Which open orders a cancel of all means. */
export interface Selection {
  symbol?: string;
  side?: Side;
}

interface Surroundings {
  /** An unused client order id. */
  newId(): string;
  after(delay: number, run: () => void): void;
}

/** The exchange refuses a command that reaches its journal later than this, so by then a lost one is truly lost. */
const UNDECIDED_FOR_MS = 6_000;
/** Reports remembered so that none is told twice when it comes live and by `resume`. */
const TOLD_MAX = 1_000;

export class Orders {
  /** Newest first. */
  readonly open = signal<readonly Order[]>([]);
  readonly canceling = signal<ReadonlySet<string>>(new Set());
  readonly cancelingAll = signal(false);

  readonly #byPartition = new Map<number, Map<string, Order>>();
  readonly #cursors = new Map<number, string>();
  readonly #told = new Set<string>();

  constructor(
    private readonly feed: Feed,
    private readonly notices: Pick<Notices, "say">,
    private readonly surroundings: Surroundings,
    private readonly history: Pick<History, "add" | "clear">,
  ) {
    feed.subscribe({ channel: "orders", personal: true, take: (frame) => this.#take(frame) });
    effect(() => {
      if (feed.logins.value > 0) this.#resume();
    });
  }

  /** Forgets everything private: another account is about to log in. */
  forget(): void {
    this.#byPartition.clear();
    this.#cursors.clear();
    this.#told.clear();
    this.history.clear();
    this.#publish();
  }

  /** The order as the exchange took it. Rejects with a Refusal, or with ConnectionLost if it was never sent. */
  async place(placement: Placement): Promise<Order> {
    const request = { ...placement, client_order_id: this.surroundings.newId() };
    try {
      return (await this.feed.request("order.place", request)) as Order;
    } catch (reason) {
      if (!isUndecided(reason)) throw reason;
      return this.#askWhatBecame(request.symbol, request.client_order_id);
    }
  }

  /** The order as it is now. Rejects as `place` does, or with ConnectionLost if nobody knows: the reports will tell. */
  async amend(order: Order, changes: Changes): Promise<Order> {
    return (await this.feed.request("order.amend", { order_id: order.order_id, ...changes })) as Order;
  }

  /** Amends where there is no field to show a refusal at: it is told like anything that happens. */
  async move(order: Order, price: string): Promise<void> {
    const changes = order.type === "stop" ? { stop_price: price } : { price };
    try {
      await this.amend(order, changes);
    } catch (reason) {
      this.notices.say("fault", `Move of ${order.symbol} ${order.side} to ${price}: ${(reason as Error).message}`, order.order_id);
    }
  }

  /** Cancels what is open, or what of it is selected, and says how many orders that were. */
  async cancelAll(selection: Selection = {}): Promise<void> {
    this.cancelingAll.value = true;
    try {
      const { canceled } = (await this.feed.request("order.cancel_all", selection)) as OrderCancelAllResult["result"];
      this.notices.say("plain", `Canceled ${canceled} ${canceled === 1 ? "order" : "orders"}${selection.symbol ? ` of ${selection.symbol}` : ""}`, "cancel_all");
    } catch (reason) {
      this.notices.say("fault", `Cancel all: ${(reason as Error).message}`, "cancel_all");
    } finally {
      this.cancelingAll.value = false;
    }
  }

  async cancel(order: Order): Promise<void> {
    this.canceling.value = new Set([...this.canceling.value, order.order_id]);
    try {
      await this.feed.request("order.cancel", { order_id: order.order_id });
    } catch (reason) {
      // It was filled or canceled in the meantime: the report of that is what the trader needs to see.
      const late = reason instanceof Refusal && reason.code === "order_done";
      if (!late) this.notices.say("fault", `Cancel of ${order.symbol} ${order.order_id}: ${(reason as Error).message}`, order.order_id);
    } finally {
      this.canceling.value = new Set([...this.canceling.value].filter((each) => each !== order.order_id));
    }
  }

  /** Asks until the answer is certain: an order unknown now may still be on its way for some seconds. */
  async #askWhatBecame(symbol: string, clientOrderId: string): Promise<Order> {
    for (;;) {
      await new Promise<void>((resolve) => this.surroundings.after(UNDECIDED_FOR_MS, resolve));
      try {
        return (await this.feed.request("order.get", { symbol, client_order_id: clientOrderId })) as Order;
      } catch (reason) {
        if (!(reason instanceof Refusal) || reason.code !== "unknown_order") continue;
        throw new Refusal({ code: reason.code, message: "The connection was lost and the order did not arrive." });
      }
    }
  }

  #take(frame: OrdersSnapshot | OrdersUpdate): boolean {
    if (frame.type === "snapshot") this.#byPartition.set(frame.partition, new Map(frame.orders.map(byId)));
    else this.#report(frame);
    this.#cursors.set(frame.partition, frame.cursor);
    this.#publish();
    return true;
  }

  #report(report: OrdersUpdate): void {
    const orders = this.#byPartition.get(report.partition);
    if (OPEN.has(report.order.status)) orders?.set(report.order.order_id, report.order);
    else orders?.delete(report.order.order_id);
    this.#tell(report);
  }

  /** Says what a report says, once, whether it came live or by `resume`. */
  #tell(report: OrdersUpdate): void {
    if (this.#told.has(report.cursor)) return;
    this.#told.add(report.cursor);
    if (this.#told.size > TOLD_MAX) this.#told.delete(this.#told.values().next().value ?? "");
    const { order } = report;
    this.history.add(report);
    if (report.exec === "trade") this.notices.say(order.side, fillSentence(report), order.order_id);
    else {
      const sentence = endSentence(report);
      if (sentence !== "") this.notices.say("fault", sentence, order.order_id);
    }
  }

  /** What happened while the connection was away is told too; the snapshot alone would hide the fills. */
  #resume(): void {
    for (const [partition, cursor] of this.#cursors) {
      this.feed.request("resume", { channel: "orders", cursor }).then(
        (result) => (result as ResumeResult["result"]).reports.forEach((report) => this.#tell(report)),
        () => this.#cursors.delete(partition),
      );
    }
  }

  #publish(): void {
    const all = [...this.#byPartition.values()].flatMap((orders) => [...orders.values()]);
    this.open.value = all.sort((one, other) => (one.created < other.created ? 1 : -1));
  }
}

const OPEN: ReadonlySet<Order["status"]> = new Set(["open", "partially_filled", "pending_trigger"]);

function byId(order: Order): [string, Order] {
  return [order.order_id, order];
}

function isUndecided(reason: unknown): boolean {
  if (reason instanceof ConnectionLost) return reason.sent;
  return reason instanceof Refusal && reason.code === "outcome_unknown";
}

/** What the trader did not ask for and has no answer to read: "" where there is nothing to say. */
function endSentence({ exec, order }: OrdersUpdate): string {
  const what = `${order.side === "buy" ? "Buy" : "Sell"} ${order.quantity} ${order.symbol}`;
  const word: string = exec;
  if (word === "triggered") return `${what}: the stop was triggered`;
  if (word === "rejected") return `${what}: refused when triggered, ${worded(order.reason)}`;
  if (word === "busted") return `${what}: a trade was undone by the exchange`;
  if (exec === "expired" && order.reason !== "no_liquidity") return `${what} expired: ${worded(order.reason)}`;
  if (exec === "canceled" && !ASKED_FOR.has(order.reason ?? "")) return `${what} was canceled: ${worded(order.reason)}`;
  return "";
}

const ASKED_FOR: ReadonlySet<string> = new Set(["requested", "self_trade"]);

function worded(reason: string | null): string {
  return (reason ?? "no reason given").replaceAll("_", " ");
}

function fillSentence({ order, last_price, last_quantity }: OrdersUpdate): string {
  const did = `${order.side === "buy" ? "Bought" : "Sold"} ${order.filled_quantity} ${order.symbol}`;
  if (order.filled_quantity === last_quantity) return `${did} at ${last_price}`;
  return `${did}, the last ${last_quantity} at ${last_price}`;
}
