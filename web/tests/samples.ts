// Samples of what the exchange sends.
import type { Instrument, Order, StatusFrame, Trade } from "../src/protocol";

export function instrument(changes: Partial<Instrument> = {}): Instrument {
  return {
    symbol: "ACME",
    tick_size: "0.01",
    ticks: [{ from: "0.00", tick: "0.01" }],
    lot_size: "1",
    min_quantity: "1",
    max_quantity: null,
    min_price: null,
    max_price: null,
    min_value: null,
    max_value: null,
    collar_bps: null,
    max_open_orders: 100_000,
    reference_price: "101.25",
    static_band_bps: null,
    dynamic_band_bps: null,
    luld: null,
    call_seconds: 300,
    call_random_seconds: 0,
    call_extensions: 1,
    maker_bps: "0",
    taker_bps: "0",
    cross_bps: "0",
    calendar: null,
    partition: 1,
    ...changes,
  };
}

export function order(changes: Partial<Order> = {}): Order {
  return {
    order_id: "1-1",
    client_order_id: "web-1",
    account: "demo-1",
    symbol: "ACME",
    side: "buy",
    type: "limit",
    time_in_force: "gtc",
    price: "101.20",
    stop_price: null,
    quantity: "10",
    display_quantity: null,
    filled_quantity: "0",
    open_quantity: "10",
    average_price: null,
    post_only: false,
    self_trade: "cancel_newest",
    expires: null,
    status: "open",
    reason: null,
    created: "2026-11-22T10:00:00.000000001Z",
    updated: "2026-11-22T10:00:00.000000001Z",
    ...changes,
  };
}

export function phase(name: StatusFrame["phase"], changes: Partial<Omit<StatusFrame, "type" | "prev">> = {}): StatusFrame {
  return {
    channel: "status",
    type: "snapshot",
    symbol: "ACME",
    seq: 1,
    journal: "1.0",
    phase: name,
    reason: null,
    until: null,
    kind: null,
    indicative_price: null,
    paired_quantity: null,
    imbalance: null,
    imbalance_side: null,
    band_low: null,
    band_high: null,
    ...changes,
  };
}

/** Trades of `ACME`, one for each number: its price, with dense ids from `first` and a second between them. */
export function trades(prices: readonly number[], first = 1): Trade[] {
  return prices.map((price, index) => ({
    trade_id: first + index,
    price: price.toFixed(2),
    quantity: "2",
    side: "buy",
    time: new Date(Date.UTC(2026, 10, 22, 10, 0, first + index - 1)).toISOString(),
  }));
}
