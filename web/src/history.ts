// What this session's execution reports have told: fills, and orders that ended. It begins with the page: what was
// before is the recorder's to tell. Bounded: the oldest make room.
import { signal } from "@preact/signals-core";
import type { Order, OrdersUpdate } from "./protocol";

export const KEPT_MAX = 500;

export interface FillRow {
  readonly key: string;
  readonly time: string;
  readonly symbol: string;
  readonly side: Order["side"];
  readonly price: string;
  readonly quantity: string;
  readonly liquidity: string;
  readonly fee: string;
  readonly tradeId: number;
  readonly orderId: string;
  /** The exchange has undone it. */
  readonly busted: boolean;
}

export class History {
  /** Newest first. */
  readonly fills = signal<readonly FillRow[]>([]);
  /** Newest first. */
  readonly ended = signal<readonly Order[]>([]);

  /** Takes a report; the caller sees to it that each comes once. */
  add(report: OrdersUpdate): void {
    const { order } = report;
    const word: string = report.exec;
    if (word === "trade") this.fills.value = [fillOf(report), ...this.fills.value].slice(0, KEPT_MAX);
    else if (word === "busted") this.#bust(report);
    if (ENDED.has(order.status)) {
      const others = this.ended.value.filter((each) => each.order_id !== order.order_id);
      this.ended.value = [order, ...others].slice(0, KEPT_MAX);
    }
  }

  clear(): void {
    this.fills.value = [];
    this.ended.value = [];
  }

  #bust({ order, trade_id }: OrdersUpdate): void {
    const undone = (fill: FillRow): boolean => fill.orderId === order.order_id && fill.tradeId === trade_id;
    this.fills.value = this.fills.value.map((fill) => (undone(fill) ? { ...fill, busted: true } : fill));
  }
}

const ENDED: ReadonlySet<Order["status"]> = new Set(["filled", "canceled", "expired", "rejected"]);

function fillOf(report: OrdersUpdate): FillRow {
  const { order } = report;
  return {
    key: report.cursor,
    time: order.updated,
    symbol: order.symbol,
    side: order.side,
    price: report.last_price ?? "",
    quantity: report.last_quantity ?? "",
    liquidity: report.liquidity ?? "",
    fee: report.fee ?? "",
    tradeId: report.trade_id ?? 0,
    orderId: order.order_id,
    busted: false,
  };
}
