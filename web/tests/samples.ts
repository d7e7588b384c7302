// Samples of what the exchange sends.
import type { Instrument, Order, StatusUpdate, Trade } from "../src/protocol";

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

export function status(changes: Partial<StatusUpdate> = {}): StatusUpdate {
  return {
    channel: "status",
    type: "update",
    symbol: "ACME",
    seq: 2,
    prev: 1,
    journal: "5.0",
    phase: "continuous",
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

export function trade(trade_id: number, changes: Partial<Trade> = {}): Trade {
  return { trade_id, price: "101.25", quantity: "5", side: "buy", time: "2026-11-22T10:00:06.000000042Z", ...changes };
}
