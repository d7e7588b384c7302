// The public protocol's shapes.

export type Side = "buy" | "sell";
export type OrderType = "limit" | "market" | "stop" | "stop_limit";
export type Level = readonly [price: string, quantity: string];

export interface Failure {
  code: string;
  message: string;
  field?: string;
  request_id?: string;
}

export interface Instrument {
  symbol: string;
  tick_size: string;
  ticks: { from: string; tick: string }[];
  lot_size: string;
  min_quantity: string;
  max_quantity: string | null;
  min_price: string | null;
  max_price: string | null;
  min_value: string | null;
  max_value: string | null;
  collar_bps: string | null;
  max_open_orders: number;
  reference_price: string | null;
  partition: number;
}

export interface Frame {
  channel: string;
  type: "snapshot" | "update" | "end";
  symbol?: string;
  partition?: number;
  seq?: number;
  prev?: number;
  journal?: string;
}

export interface BookFrame extends Frame {
  symbol: string;
  bids: Level[];
  asks: Level[];
  checksum: number;
}

export interface Trade {
  trade_id: number;
  price: string;
  quantity: string;
  side: Side | "cross";
  time: string;
}

export interface TradesFrame extends Frame {
  symbol: string;
  trades: Trade[];
}

export interface TickerFrame extends Frame {
  symbol: string;
  bid: string | null;
  bid_quantity: string | null;
  ask: string | null;
  ask_quantity: string | null;
  last: string | null;
  last_quantity: string | null;
}

export interface Order {
  order_id: string;
  client_order_id: string;
  account: string;
  symbol: string;
  side: Side;
  type: OrderType;
  time_in_force: "gtc" | "day" | "ioc" | "fok" | "gtd" | "at_open" | "at_close";
  price: string | null;
  stop_price: string | null;
  quantity: string;
  display_quantity: string | null;
  filled_quantity: string;
  open_quantity: string;
  average_price: string | null;
  post_only: boolean;
  self_trade: "cancel_newest" | "cancel_oldest" | "cancel_both" | "decrement";
  expires: string | null;
  status: "pending_trigger" | "open" | "partially_filled" | "filled" | "canceled" | "expired" | "rejected";
  reason: string | null;
  created: string;
  updated: string;
}

export interface OrdersSnapshot extends Frame {
  type: "snapshot";
  partition: number;
  cursor: string;
  orders: Order[];
}

export interface Report extends Frame {
  type: "update";
  partition: number;
  cursor: string;
  exec: "accepted" | "trade" | "amended" | "canceled" | "expired" | "rejected" | "triggered" | "busted";
  order: Order;
  last_price?: string;
  last_quantity?: string;
  trade_id?: number;
  liquidity?: "maker" | "taker" | "cross";
  fee?: string;
}

export type OrdersFrame = OrdersSnapshot | Report;

export interface InstrumentFrame extends Frame {
  symbol: string;
  instrument: Instrument;
}

export interface HeartbeatFrame extends Frame {
  time: string;
  /** What was last sent of each symbol's book and trades. */
  symbols: Record<string, { seq?: number; trade_id?: number }>;
}
