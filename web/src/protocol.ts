// The public protocol's shapes. Written by scripts/web_types.py from the gateway's own; do not edit.

/** A decimal, exact, with the decimals of the instrument's smallest tick or of its lot. */
export type Decimal = string;

/** A plain decimal, as a string or a number, at most 8 decimals; taken exactly. No exponent. */
export type DecimalInput = string | number;

/** RFC 3339, UTC, nanoseconds. */
export type Time = string;

/** Price and displayed quantity; in an update quantity zero removes the level. */
export type Level = [Decimal, Decimal];

/** One trade as it concerns one order. */
export interface Fill {
  /** Dense per symbol from 1. */
  trade_id: number;
  price: Decimal;
  quantity: Decimal;
  /** Who waited and who came. */
  liquidity: "maker" | "taker" | "cross";
  /** Negative is a rebate. */
  fee: Decimal;
  time: Time;
}

/** An order as it stood when the exchange spoke. */
export interface Order {
  /** The exchange's name of the order, unique for ever. */
  order_id: string;
  /** The client's own name of the order, unique per account and instrument; repeating it is safe. */
  client_order_id: string;
  /** A trading account. */
  account: string;
  /** The instrument. */
  symbol: string;
  /** Which side it is on. */
  side: "buy" | "sell";
  /** What kind it is. */
  type: "limit" | "market" | "stop" | "stop_limit";
  /** How long it stays. */
  time_in_force: "gtc" | "day" | "ioc" | "fok" | "gtd" | "at_open" | "at_close";
  /** None on a market order. */
  price: Decimal | null;
  /** Of stop orders. */
  stop_price: Decimal | null;
  /** The total. */
  quantity: Decimal;
  /** Of an iceberg. */
  display_quantity: Decimal | null;
  filled_quantity: Decimal;
  /** What may still trade. */
  open_quantity: Decimal;
  /** Of what is filled, rounded half to even at 8 decimals. */
  average_price: Decimal | null;
  /** Whether it was to be refused if it would take. */
  post_only: boolean;
  /** What gives way to what. */
  self_trade: "cancel_newest" | "cancel_oldest" | "cancel_both" | "decrement";
  /** With `gtd`. */
  expires: Time | null;
  /** Where it stands. */
  status: "pending_trigger" | "open" | "partially_filled" | "filled" | "canceled" | "expired" | "rejected";
  /** Why it ended; of a stop that was refused when it was triggered the code. */
  reason: "requested" | "no_liquidity" | "self_trade" | "expired" | "day_ended" | "auction_ended" | "volatility" | "outside_band" | "too_many_fills" | "killed" | "cancel_after" | "disconnected" | "bad_request" | "unknown_field" | "bad_decimal" | "unknown_method" | "too_large" | "not_found" | "method_not_allowed" | "unsupported_media_type" | "unauthenticated" | "token_expired" | "forbidden" | "rate_limited" | "too_many" | "unknown_instrument" | "unknown_order" | "unknown_trade" | "order_done" | "client_order_id_reused" | "wrong_phase" | "no_change" | "quantity_below_filled" | "already_busted" | "snapshot_required" | "not_allowed_in_phase" | "account_disabled" | "price_off_tick" | "bad_price" | "price_too_low" | "price_too_high" | "price_outside_collar" | "quantity_off_lot" | "quantity_too_small" | "quantity_too_large" | "display_too_large" | "display_too_small" | "value_too_small" | "value_too_large" | "too_many_open_orders" | "position_limit" | "would_take" | "would_trigger" | "bad_expires" | "too_late" | "busy" | "outcome_unknown" | "unavailable" | "internal" | null;
  created: Time;
  updated: Time;
}

/** The answer to a placement: the order, and its fills so far. */
export interface PlacedOrder {
  /** The exchange's name of the order, unique for ever. */
  order_id: string;
  /** The client's own name of the order, unique per account and instrument; repeating it is safe. */
  client_order_id: string;
  /** A trading account. */
  account: string;
  /** The instrument. */
  symbol: string;
  /** Which side it is on. */
  side: "buy" | "sell";
  /** What kind it is. */
  type: "limit" | "market" | "stop" | "stop_limit";
  /** How long it stays. */
  time_in_force: "gtc" | "day" | "ioc" | "fok" | "gtd" | "at_open" | "at_close";
  /** None on a market order. */
  price: Decimal | null;
  /** Of stop orders. */
  stop_price: Decimal | null;
  /** The total. */
  quantity: Decimal;
  /** Of an iceberg. */
  display_quantity: Decimal | null;
  filled_quantity: Decimal;
  /** What may still trade. */
  open_quantity: Decimal;
  /** Of what is filled, rounded half to even at 8 decimals. */
  average_price: Decimal | null;
  /** Whether it was to be refused if it would take. */
  post_only: boolean;
  /** What gives way to what. */
  self_trade: "cancel_newest" | "cancel_oldest" | "cancel_both" | "decrement";
  /** With `gtd`. */
  expires: Time | null;
  /** Where it stands. */
  status: "pending_trigger" | "open" | "partially_filled" | "filled" | "canceled" | "expired" | "rejected";
  /** Why it ended; of a stop that was refused when it was triggered the code. */
  reason: "requested" | "no_liquidity" | "self_trade" | "expired" | "day_ended" | "auction_ended" | "volatility" | "outside_band" | "too_many_fills" | "killed" | "cancel_after" | "disconnected" | "bad_request" | "unknown_field" | "bad_decimal" | "unknown_method" | "too_large" | "not_found" | "method_not_allowed" | "unsupported_media_type" | "unauthenticated" | "token_expired" | "forbidden" | "rate_limited" | "too_many" | "unknown_instrument" | "unknown_order" | "unknown_trade" | "order_done" | "client_order_id_reused" | "wrong_phase" | "no_change" | "quantity_below_filled" | "already_busted" | "snapshot_required" | "not_allowed_in_phase" | "account_disabled" | "price_off_tick" | "bad_price" | "price_too_low" | "price_too_high" | "price_outside_collar" | "quantity_off_lot" | "quantity_too_small" | "quantity_too_large" | "display_too_large" | "display_too_small" | "value_too_small" | "value_too_large" | "too_many_open_orders" | "position_limit" | "would_take" | "would_trigger" | "bad_expires" | "too_late" | "busy" | "outcome_unknown" | "unavailable" | "internal" | null;
  created: Time;
  updated: Time;
  /** Oldest first. */
  fills: Fill[];
}

/** Reference data; a limit that is not set is null. */
export interface Instrument {
  /** The instrument. */
  symbol: string;
  /** The smallest price step. */
  tick_size: Decimal;
  /** Price steps by price. */
  ticks: {
    from: Decimal;
    tick: Decimal;
  }[];
  lot_size: Decimal;
  min_quantity: Decimal;
  /** Of an order; all below 40000000000 if left out. */
  max_quantity: Decimal | null;
  /** Of an order; above 0 if left out. */
  min_price: Decimal | null;
  /** Of an order; all below 40000000000 if left out. */
  max_price: Decimal | null;
  /** Of price × quantity of an order; any if left out. */
  min_value: Decimal | null;
  /** Of price × quantity of an order; any if left out. */
  max_value: Decimal | null;
  /** How far a price may lie from the reference price, in basis points. */
  collar_bps: Decimal | null;
  /** Per account. */
  max_open_orders: number;
  /** Before the first trade. */
  reference_price: Decimal | null;
  /** How far from the last auction price may trade, in basis points. */
  static_band_bps: Decimal | null;
  /** How far from the last trade may trade, in basis points. */
  dynamic_band_bps: Decimal | null;
  /** Null without. */
  luld: {
    /** 1 or 2. */
    tier: number;
    /** A duration. */
    window_seconds: number;
    /** A duration. */
    hold_seconds: number;
    /** A duration. */
    limit_state_seconds: number;
    /** A duration. */
    call_seconds: number;
    /** A duration. */
    extension_seconds: number;
  } | null;
  /** Of a volatility call, and of a call by command without an end of its own. */
  call_seconds: number;
  /** By how much, at most, the end of a call is put off at random. */
  call_random_seconds: number;
  /** How often a call is extended. */
  call_extensions: number;
  /** The fee of who waited, in basis points; negative is a rebate. */
  maker_bps: Decimal;
  /** The fee of who came, in basis points. */
  taker_bps: Decimal;
  /** The fee of an uncross, in basis points; the taker's if left out. */
  cross_bps: Decimal;
  /** Null for round the clock. */
  calendar: string | null;
  /** Where it lives. */
  partition: number;
  /** True when it was taken off the exchange. */
  delisted?: boolean;
}

/** A line of the tape. */
export interface Trade {
  /** Dense per symbol from 1. */
  trade_id: number;
  price: Decimal;
  quantity: Decimal;
  /** The taker's; `cross` in an uncross. */
  side: "buy" | "sell" | "cross";
  time: Time;
  /** True when the trade was undone. */
  bust?: boolean;
}

/** What an account has of an instrument. */
export interface Position {
  /** The instrument. */
  symbol: string;
  /** Below zero it is short; in an update zero when it has become flat. */
  quantity: Decimal;
  /** What its shares have cost, rounded half to even at 8 decimals. */
  average_price: Decimal | null;
  /** What the closed part has earned, without fees. */
  realised: Decimal;
  /** What the open part would earn at the last price; null before a trade. */
  unrealised: Decimal | null;
  /** Paid; negative is a rebate. */
  fees: Decimal;
}

/** The account's own limits in one instrument, or (symbol null) in all that have no own; null where there is none. */
export interface Limits {
  /** The instrument. */
  symbol: string | null;
  /** False: it may only cancel. */
  enabled: boolean | null;
  /** Of an order. */
  max_quantity: Decimal | null;
  /** Of price × quantity of an order. */
  max_value: Decimal | null;
  /** In an instrument. */
  max_open_orders: number | null;
  /** Of the position with its open buys. */
  max_long: Decimal | null;
  /** Of the short position with its open sells. */
  max_short: Decimal | null;
  /** The fee of who waited, in basis points; negative is a rebate. */
  maker_bps: Decimal | null;
  /** The fee of who came, in basis points. */
  taker_bps: Decimal | null;
  /** The fee of an uncross, in basis points; the taker's if left out. */
  cross_bps: Decimal | null;
}

/** What open orders, waiting ones included, use of the limits in one instrument. */
export interface Used {
  /** The instrument. */
  symbol: string;
  /** How many. */
  open_orders: number;
  open_buy_quantity: Decimal;
  open_sell_quantity: Decimal;
}

/** A DecimalInput that is not below zero. */
export type AmountInput = string | number;

/** What an account has and may do. */
export interface Account {
  /** A trading account. */
  account: string;
  /** Received less paid, fees included. */
  cash: Decimal;
  /** Paid; negative is a rebate. */
  fees: Decimal;
  /** By instrument; flat ones are left out. */
  positions: Position[];
  limits: Limits[];
  /** By instrument. */
  used: Used[];
}

/** The same as a problem of RFC 9457. */
export interface Problem {
  /** Where the code is explained. */
  type: string;
  /** The code in words. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** Stable. */
  code: "bad_request" | "unknown_field" | "bad_decimal" | "unknown_method" | "too_large" | "not_found" | "method_not_allowed" | "unsupported_media_type" | "unauthenticated" | "token_expired" | "forbidden" | "rate_limited" | "too_many" | "unknown_instrument" | "unknown_order" | "unknown_trade" | "order_done" | "client_order_id_reused" | "wrong_phase" | "no_change" | "quantity_below_filled" | "already_busted" | "snapshot_required" | "not_allowed_in_phase" | "killed" | "account_disabled" | "price_off_tick" | "bad_price" | "price_too_low" | "price_too_high" | "price_outside_collar" | "quantity_off_lot" | "quantity_too_small" | "quantity_too_large" | "display_too_large" | "display_too_small" | "value_too_small" | "value_too_large" | "too_many_open_orders" | "position_limit" | "would_take" | "would_trigger" | "bad_expires" | "too_late" | "busy" | "outcome_unknown" | "unavailable" | "internal";
  /** For people; may change. */
  message: string;
  /** The member at fault. */
  field?: string;
  /** Seconds to wait before trying again. */
  retry_after?: number;
  /** Name it when you ask for help. */
  request_id: string;
}

/** Why a request was refused. */
export interface Error {
  /** Stable. */
  code: "bad_request" | "unknown_field" | "bad_decimal" | "unknown_method" | "too_large" | "not_found" | "method_not_allowed" | "unsupported_media_type" | "unauthenticated" | "token_expired" | "forbidden" | "rate_limited" | "too_many" | "unknown_instrument" | "unknown_order" | "unknown_trade" | "order_done" | "client_order_id_reused" | "wrong_phase" | "no_change" | "quantity_below_filled" | "already_busted" | "snapshot_required" | "not_allowed_in_phase" | "killed" | "account_disabled" | "price_off_tick" | "bad_price" | "price_too_low" | "price_too_high" | "price_outside_collar" | "quantity_off_lot" | "quantity_too_small" | "quantity_too_large" | "display_too_large" | "display_too_small" | "value_too_small" | "value_too_large" | "too_many_open_orders" | "position_limit" | "would_take" | "would_trigger" | "bad_expires" | "too_late" | "busy" | "outcome_unknown" | "unavailable" | "internal";
  /** For people; may change. */
  message: string;
  /** The member at fault. */
  field?: string;
  /** Seconds to wait before trying again. */
  retry_after?: number;
  /** Name it when you ask for help. */
  request_id: string;
}

export interface BatchItem {
  /** What to do. */
  method: "order.place" | "order.amend" | "order.cancel";
  /** As of the method alone. */
  params: Record<string, unknown>;
}

/** A refusal; without `id` it is about a frame that could not be read. */
export interface ErrorFrame {
  /** Yours to choose; echoed in the answer. */
  id?: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  error: Error;
}

/** Reports follow this number; what is open `order.list` tells. Another one means that reports before it are lost. */
export interface OrdersStart {
  channel: "orders";
  type: "start";
  /** Its number. */
  seq: number;
  /** `seq` is dense per account and partition. */
  partition: number;
  /** Opaque: give it back as it was given to you. */
  cursor: string;
  /** How many partitions there are: each sends one. */
  partitions: number;
}

/** The private channel has ended; after `token_expired` a login restores it. */
export interface OrdersEnd {
  channel: "orders";
  type: "end";
  /** Why. */
  reason: "token_expired" | "login" | "too_many";
}

/** The private channel has ended; after `token_expired` a login restores it. */
export interface PositionsEnd {
  channel: "positions";
  type: "end";
  /** Why. */
  reason: "token_expired" | "login" | "too_many";
}

/** Say who speaks; a failed login leaves the connection as it was. */
export interface LoginRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "login";
  params: {
    /** A JWT, as in the Authorization header but without `Bearer`. */
    token: string;
    /** What to cancel when this connection ends: the orders placed on it, or all of the account. */
    cancel_on_disconnect?: "connection" | "account" | null;
  };
}

export interface LoginResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** Who you are. */
  result: {
    /** A trading account. */
    account: string;
    /** Space-separated. */
    scope: string;
    expires: Time;
  };
}

/** Enter an order. */
export interface OrderPlaceRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "order.place";
  params: {
    /** The instrument. */
    symbol: string;
    /** Which side the order is on. */
    side: "buy" | "sell";
    /** What kind it is. */
    type: "limit" | "market" | "stop" | "stop_limit";
    /** A multiple of the lot size; of an amend the new total. */
    quantity: DecimalInput;
    /** A multiple of the tick size; limit orders need one, market orders have none. */
    price?: DecimalInput;
    /** Of stop orders: the last price that triggers them. */
    stop_price?: DecimalInput;
    /** How long it stays. */
    time_in_force?: "gtc" | "day" | "ioc" | "fok" | "gtd" | "at_open" | "at_close" | null;
    /** With `gtd`: when it expires. */
    expires?: Time | null;
    /** Refuse the order if it would take. */
    post_only?: boolean | null;
    /** An iceberg: how much of it the book shows at a time. */
    display_quantity?: DecimalInput;
    /** What gives way when it meets an order of its account. */
    self_trade?: "cancel_newest" | "cancel_oldest" | "cancel_both" | "decrement" | null;
    /** The client's own name of the order, unique per account and instrument; repeating it is safe. */
    client_order_id?: string | null;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
  };
}

export interface OrderPlaceResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  result: PlacedOrder;
}

/** Change an open order. */
export interface OrderAmendRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "order.amend";
  params?: {
    /** The exchange's name of the order, unique for ever. */
    order_id?: string | null;
    /** The client's own name of the order, unique per account and instrument; repeating it is safe. */
    client_order_id?: string | null;
    /** The instrument. */
    symbol?: string | null;
    /** A multiple of the tick size; limit orders need one, market orders have none. */
    price?: DecimalInput;
    /** Of stop orders: the last price that triggers them. */
    stop_price?: DecimalInput;
    /** A multiple of the lot size; of an amend the new total. */
    quantity?: DecimalInput;
    /** An iceberg: how much of it the book shows at a time. */
    display_quantity?: DecimalInput;
    /** With `gtd`: when it expires. */
    expires?: Time | null;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
  };
}

export interface OrderAmendResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  result: Order;
}

/** Cancel an open order. */
export interface OrderCancelRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "order.cancel";
  params?: {
    /** The exchange's name of the order, unique for ever. */
    order_id?: string | null;
    /** The client's own name of the order, unique per account and instrument; repeating it is safe. */
    client_order_id?: string | null;
    /** The instrument. */
    symbol?: string | null;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
  };
}

export interface OrderCancelResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  result: Order;
}

/** Cancel all open orders, or those of a symbol or a side. */
export interface OrderCancelAllRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "order.cancel_all";
  params?: {
    /** The instrument. */
    symbol?: string | null;
    /** Which side the order is on. */
    side?: "buy" | "sell" | null;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
  };
}

export interface OrderCancelAllResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** How many. */
  result: {
    /** Orders canceled. */
    canceled: number;
  };
}

/** Cancel all of the account's orders so many seconds from now, whoever placed them, unless this is sent again. */
export interface OrderCancelAfterRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "order.cancel_after";
  params: {
    /** From now; 0 turns it off. */
    seconds: number;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
  };
}

export interface OrderCancelAfterResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** Until when. */
  result: {
    /** Null when it is off. */
    deadline: Time | null;
  };
}

/** Up to 50 placements, amends and cancels in one request, not atomic. */
export interface OrderBatchRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "order.batch";
  params: {
    /** Carried out in order, each for itself; each counts against the rate. */
    requests: BatchItem[];
  };
}

export interface OrderBatchResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** One for each request, in their order. */
  result: {
    /** Its command's message in the journal and the place there. */
    journal?: string;
    result?: PlacedOrder | Order;
    error?: Error;
  }[];
}

/** One order. */
export interface OrderGetRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "order.get";
  params?: {
    /** The exchange's name of the order, unique for ever. */
    order_id?: string | null;
    /** The client's own name of the order, unique per account and instrument; repeating it is safe. */
    client_order_id?: string | null;
    /** The instrument. */
    symbol?: string | null;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
  };
}

export interface OrderGetResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  result: Order;
}

/** Open orders. */
export interface OrderListRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "order.list";
  params?: {
    /** The instrument. */
    symbol?: string | null;
    /** Rows at most. */
    limit?: number | null;
    /** Opaque: give it back as it was given to you. */
    cursor?: string | null;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
  };
}

export interface OrderListResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** A page of open orders. */
  result: {
    orders: Order[];
    /** Ask on from here; missing on the last page. */
    cursor?: string;
  };
}

/** Follow a channel; a snapshot comes first. */
export interface SubscribeRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "subscribe";
  params: {
    /** What to follow. */
    channel: "book" | "full" | "trades" | "ticker" | "status" | "instruments" | "heartbeat" | "orders" | "positions";
    /** Of which instruments, for channels that are kept per instrument. */
    symbols?: string[] | null;
    /** Levels of each side; 0 is all. */
    depth?: 1 | 10 | 50 | 0 | null;
    /** The least time between two messages; 0 is every change. */
    interval_ms?: 0 | 20 | 100 | 1000 | null;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
    /** Of `orders`: false if a `start` is wanted in place of each snapshot of open orders. */
    snapshot?: boolean | null;
  };
}

export interface SubscribeResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** What is held now. */
  result: {
    subscriptions: {
      /** What to follow. */
      channel: "book" | "full" | "trades" | "ticker" | "status" | "instruments" | "heartbeat" | "orders" | "positions";
      /** The instrument. */
      symbol?: string;
      /** A trading account. */
      account?: string;
      /** Levels of each side; 0 is all. */
      depth?: 1 | 10 | 50 | 0;
      /** The least time between two messages; 0 is every change. */
      interval_ms?: 0 | 20 | 100 | 1000;
      /** A `start` in place of each snapshot is wanted. */
      snapshot?: false;
    }[];
  };
}

/** Follow it no more; without symbols all of the channel. */
export interface UnsubscribeRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "unsubscribe";
  params: {
    /** What to follow. */
    channel: "book" | "full" | "trades" | "ticker" | "status" | "instruments" | "heartbeat" | "orders" | "positions";
    /** Of which instruments, for channels that are kept per instrument. */
    symbols?: string[] | null;
    /** Levels of each side; 0 is all. */
    depth?: 1 | 10 | 50 | 0 | null;
    /** The least time between two messages; 0 is every change. */
    interval_ms?: 0 | 20 | 100 | 1000 | null;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
    /** Of `orders`: false if a `start` is wanted in place of each snapshot of open orders. */
    snapshot?: boolean | null;
  };
}

export interface UnsubscribeResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** What is held now. */
  result: {
    subscriptions: {
      /** What to follow. */
      channel: "book" | "full" | "trades" | "ticker" | "status" | "instruments" | "heartbeat" | "orders" | "positions";
      /** The instrument. */
      symbol?: string;
      /** A trading account. */
      account?: string;
      /** Levels of each side; 0 is all. */
      depth?: 1 | 10 | 50 | 0;
      /** The least time between two messages; 0 is every change. */
      interval_ms?: 0 | 20 | 100 | 1000;
      /** A `start` in place of each snapshot is wanted. */
      snapshot?: false;
    }[];
  };
}

/** The execution reports since a cursor, or `snapshot_required`. */
export interface ResumeRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "resume";
  params: {
    /** What to follow. */
    channel: "book" | "full" | "trades" | "ticker" | "status" | "instruments" | "heartbeat" | "orders" | "positions";
    /** Opaque: give it back as it was given to you. */
    cursor: string;
    /** Act for this account; only those that the token allows. */
    account?: string | null;
  };
}

export interface ResumeResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** What was missed. */
  result: {
    /** Oldest first. */
    reports: OrdersUpdate[];
  };
}

/** Is anybody there? */
export interface PingRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "ping";
  params?: Record<string, never>;
}

export interface PingResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** The gateway's clock. */
  result: {
    time: Time;
  };
}

/** The gateway's clock. */
export interface TimeRequest {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  method: "time";
  params?: Record<string, never>;
}

export interface TimeResult {
  /** Yours to choose; echoed in the answer. */
  id: string | number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** The gateway's clock. */
  result: {
    time: Time;
  };
}

/** Total displayed quantity per price, absolute. */
export interface BookSnapshot {
  channel: "book";
  type: "snapshot";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** Best first in a snapshot. */
  bids: Level[];
  /** Best first in a snapshot. */
  asks: Level[];
  /** CRC32 of the ten best levels of what is shown. */
  checksum: number;
}

/** Total displayed quantity per price, absolute. */
export interface BookUpdate {
  channel: "book";
  type: "update";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** Best first in a snapshot. */
  bids: Level[];
  /** Best first in a snapshot. */
  asks: Level[];
  /** CRC32 of the ten best levels of what is shown. */
  checksum: number;
}

/** Every displayed order; never conflated. */
export interface FullSnapshot {
  channel: "full";
  type: "snapshot";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal: string;
  /** Kind, order_id, side, price and displayed quantity; in a snapshot in book order. */
  orders: (["open" | "change" | "done", string, "buy" | "sell", Decimal, Decimal])[];
}

/** Every displayed order; never conflated. */
export interface FullUpdate {
  channel: "full";
  type: "update";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal: string;
  /** Kind, order_id, side, price and displayed quantity; in a snapshot in book order. */
  orders: (["open" | "change" | "done", string, "buy" | "sell", Decimal, Decimal])[];
}

/** The tape. */
export interface TradesSnapshot {
  channel: "trades";
  type: "snapshot";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal: string;
  /** Oldest first. */
  trades: Trade[];
}

/** The tape. */
export interface TradesUpdate {
  channel: "trades";
  type: "update";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal: string;
  /** Oldest first. */
  trades: Trade[];
}

/** Best prices and the last trade. */
export interface TickerSnapshot {
  channel: "ticker";
  type: "snapshot";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal: string;
  /** The best price to sell at; null in an empty book. */
  bid: Decimal | null;
  /** Displayed there. */
  bid_quantity: Decimal | null;
  /** The best price to buy at. */
  ask: Decimal | null;
  /** Displayed there. */
  ask_quantity: Decimal | null;
  /** The last trade's price. */
  last: Decimal | null;
  /** The last trade's quantity. */
  last_quantity: Decimal | null;
  /** When one of these last changed. */
  time: Time | null;
}

/** Best prices and the last trade. */
export interface TickerUpdate {
  channel: "ticker";
  type: "update";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal: string;
  /** The best price to sell at; null in an empty book. */
  bid: Decimal | null;
  /** Displayed there. */
  bid_quantity: Decimal | null;
  /** The best price to buy at. */
  ask: Decimal | null;
  /** Displayed there. */
  ask_quantity: Decimal | null;
  /** The last trade's price. */
  last: Decimal | null;
  /** The last trade's quantity. */
  last_quantity: Decimal | null;
  /** When one of these last changed. */
  time: Time | null;
}

/** The instrument's phase, the auction to be, the bands. */
export interface StatusSnapshot {
  channel: "status";
  type: "snapshot";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal: string;
  /** What may be done now. */
  phase: "closed" | "pre_open" | "auction" | "continuous" | "halted" | "cancel_only";
  /** An operator's words, or `volatility`, `limit_state` or `extended`. */
  reason: string | null;
  /** When it is planned to end; with a random end the earliest. */
  until: Time | null;
  /** Of an auction; like the four that follow null outside one. */
  kind: "opening" | "closing" | "volatility" | "reopening" | "operator" | null;
  /** Where it would uncross now; null if nothing would trade. */
  indicative_price: Decimal | null;
  /** What would trade there. */
  paired_quantity: Decimal | null;
  /** What would be left on one side. */
  imbalance: Decimal | null;
  /** On which, null on none. */
  imbalance_side: "buy" | "sell" | null;
  /** The lowest price that may trade; null without bands. */
  band_low: Decimal | null;
  /** The highest price that may trade. */
  band_high: Decimal | null;
}

/** The instrument's phase, the auction to be, the bands. */
export interface StatusUpdate {
  channel: "status";
  type: "update";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal: string;
  /** What may be done now. */
  phase: "closed" | "pre_open" | "auction" | "continuous" | "halted" | "cancel_only";
  /** An operator's words, or `volatility`, `limit_state` or `extended`. */
  reason: string | null;
  /** When it is planned to end; with a random end the earliest. */
  until: Time | null;
  /** Of an auction; like the four that follow null outside one. */
  kind: "opening" | "closing" | "volatility" | "reopening" | "operator" | null;
  /** Where it would uncross now; null if nothing would trade. */
  indicative_price: Decimal | null;
  /** What would trade there. */
  paired_quantity: Decimal | null;
  /** What would be left on one side. */
  imbalance: Decimal | null;
  /** On which, null on none. */
  imbalance_side: "buy" | "sell" | null;
  /** The lowest price that may trade; null without bands. */
  band_low: Decimal | null;
  /** The highest price that may trade. */
  band_high: Decimal | null;
}

/** Reference data: a snapshot for each instrument, then changes. */
export interface InstrumentsSnapshot {
  channel: "instruments";
  type: "snapshot";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  instrument: Instrument;
}

/** Reference data: a snapshot for each instrument, then changes. */
export interface InstrumentsUpdate {
  channel: "instruments";
  type: "update";
  /** The instrument. */
  symbol: string;
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  instrument: Instrument;
}

/** Once a second: the time, and the last numbers sent. */
export interface HeartbeatSnapshot {
  channel: "heartbeat";
  type: "snapshot";
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  time: Time;
  symbols: Record<string, {
    /** Of channel `book`. */
    seq?: number;
    /** Of channel `trades`: the last trade's. */
    trade_id?: number;
    /** Of channel `trades`: the last line's, busts included. */
    trade_seq?: number;
  }>;
  /** What may lag behind the exchange now: it, or a partition's leader, is away, or a hole is being closed. */
  stale: {
    /** What to follow. */
    channel: "book" | "full" | "trades" | "ticker" | "status" | "instruments" | "heartbeat" | "orders" | "positions";
    /** The instrument. */
    symbol?: string;
    /** A trading account. */
    account?: string;
  }[];
}

/** Once a second: the time, and the last numbers sent. */
export interface HeartbeatUpdate {
  channel: "heartbeat";
  type: "update";
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  time: Time;
  symbols: Record<string, {
    /** Of channel `book`. */
    seq?: number;
    /** Of channel `trades`: the last trade's. */
    trade_id?: number;
    /** Of channel `trades`: the last line's, busts included. */
    trade_seq?: number;
  }>;
  /** What may lag behind the exchange now: it, or a partition's leader, is away, or a hole is being closed. */
  stale: {
    /** What to follow. */
    channel: "book" | "full" | "trades" | "ticker" | "status" | "instruments" | "heartbeat" | "orders" | "positions";
    /** The instrument. */
    symbol?: string;
    /** A trading account. */
    account?: string;
  }[];
}

/** Private: a snapshot for each partition, then execution reports. */
export interface OrdersSnapshot {
  channel: "orders";
  type: "snapshot";
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** `seq` is dense per account and partition. */
  partition: number;
  /** Opaque: give it back as it was given to you. */
  cursor: string;
  /** How many partitions there are: each sends one snapshot. */
  partitions: number;
  /** Open orders of this partition. */
  orders: Order[];
}

/** Private: a snapshot for each partition, then execution reports. */
export interface OrdersUpdate {
  channel: "orders";
  type: "update";
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** `seq` is dense per account and partition. */
  partition: number;
  /** Opaque: give it back as it was given to you. */
  cursor: string;
  /** What happened; more words will come. */
  exec: "accepted" | "trade" | "amended" | "canceled" | "expired" | "rejected" | "triggered" | "busted";
  /** Why it was amended. */
  reason?: string;
  /** True of an uncross of two orders of one account. */
  self_match?: boolean;
  last_price?: Decimal;
  last_quantity?: Decimal;
  /** Of a trade. */
  trade_id?: number;
  /** Who waited and who came. */
  liquidity?: "maker" | "taker" | "cross";
  fee?: Decimal;
  order: Order;
}

/** Private: what the account has, its limits and what is used of them; then the rows that have changed. */
export interface PositionsSnapshot {
  channel: "positions";
  type: "snapshot";
  /** Its number. */
  seq: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** A trading account. */
  account: string;
  /** By instrument; flat ones are left out. */
  positions: Position[];
  limits: Limits[];
  /** By instrument. */
  used: Used[];
}

/** Private: what the account has, its limits and what is used of them; then the rows that have changed. */
export interface PositionsUpdate {
  channel: "positions";
  type: "update";
  /** Its number. */
  seq: number;
  /** The number of the message before it; if you have another, subscribe again. */
  prev: number;
  /** Its command's message in the journal and the place there. */
  journal?: string;
  /** A trading account. */
  account: string;
  /** By instrument; flat ones are left out. */
  positions: Position[];
  limits: Limits[];
  /** By instrument. */
  used: Used[];
}

/** Total displayed quantity per price, absolute. */
export type BookFrame = BookSnapshot | BookUpdate;

/** Every displayed order; never conflated. */
export type FullFrame = FullSnapshot | FullUpdate;

/** The tape. */
export type TradesFrame = TradesSnapshot | TradesUpdate;

/** Best prices and the last trade. */
export type TickerFrame = TickerSnapshot | TickerUpdate;

/** The instrument's phase, the auction to be, the bands. */
export type StatusFrame = StatusSnapshot | StatusUpdate;

/** Reference data: a snapshot for each instrument, then changes. */
export type InstrumentsFrame = InstrumentsSnapshot | InstrumentsUpdate;

/** Once a second: the time, and the last numbers sent. */
export type HeartbeatFrame = HeartbeatSnapshot | HeartbeatUpdate;

/** Private: a snapshot for each partition, then execution reports. */
export type OrdersFrame = OrdersSnapshot | OrdersUpdate | OrdersEnd;

/** Private: what the account has, its limits and what is used of them; then the rows that have changed. */
export type PositionsFrame = PositionsSnapshot | PositionsUpdate | PositionsEnd;

export type ChannelFrame = BookFrame | FullFrame | TradesFrame | TickerFrame | StatusFrame | InstrumentsFrame | HeartbeatFrame | OrdersFrame | PositionsFrame;

/** List an instrument, or replace its definition. */
export type PutAdminInstrumentsSymbolAnswer = Instrument;

/** Take an instrument off the exchange; it has to be closed and without orders. */
export type DeleteAdminInstrumentsSymbolAnswer = {
  /** The instrument. */
  symbol: string;
};

/** Bring an instrument into a phase, or end its halt. */
export type PostAdminInstrumentsSymbolPhaseAnswer = {
  /** The instrument. */
  symbol: string;
  /** What may be done now. */
  phase: "closed" | "pre_open" | "auction" | "continuous" | "halted" | "cancel_only";
  /** An operator's words, or `volatility`, `limit_state` or `extended`. */
  reason: string | null;
  /** When it is planned to end; with a random end the earliest. */
  until: Time | null;
  /** Of an auction; like the four that follow null outside one. */
  kind: "opening" | "closing" | "volatility" | "reopening" | "operator" | null;
  /** Where it would uncross now; null if nothing would trade. */
  indicative_price: Decimal | null;
  /** What would trade there. */
  paired_quantity: Decimal | null;
  /** What would be left on one side. */
  imbalance: Decimal | null;
  /** On which, null on none. */
  imbalance_side: "buy" | "sell" | null;
  /** The lowest price that may trade; null without bands. */
  band_low: Decimal | null;
  /** The highest price that may trade. */
  band_high: Decimal | null;
};

/** Cash, fees, positions and limits of any account; `fees` receives what trading costs. */
export type GetAdminAccountsAccountAnswer = Account;

/** Change what an account may do, merged into what is there; `null` removes. */
export type PutAdminAccountsAccountLimitsAnswer = Account;

/** The kill switches that are on, and how many orders one for this account or symbol would find. */
export type GetAdminKillSwitchAnswer = {
  /** Of the account or the symbol asked for, or of all. */
  open_orders: number;
  switches: {
    /** An account, or none. */
    account: string | null;
    /** An instrument, or none. */
    symbol: string | null;
  }[];
};

/** Stop an account, an instrument, or with neither the whole exchange; or let it go on. */
export type PostAdminKillSwitchAnswer = {
  /** An account, or none. */
  account: string | null;
  /** An instrument, or none. */
  symbol: string | null;
  /** Whether it is on. */
  active: boolean;
  /** Orders that it has canceled. */
  canceled: number;
};

/** Undo a trade: positions, cash and fees of both sides. The body may be left out. */
export type PostAdminTradesSymbolTradeIdBustAnswer = {
  /** The instrument. */
  symbol: string;
  /** Dense per symbol from 1. */
  trade_id: number;
  price: Decimal;
  quantity: Decimal;
  /** The taker's; `cross` in an uncross. */
  side: "buy" | "sell" | "cross";
  /** True when the trade was undone. */
  bust: boolean;
};

/** What operators did: who, when, what and why; newest first. */
export type GetAdminAuditAnswer = {
  actions: {
    time: Time;
    /** Where it was carried out. */
    partition: number;
    /** Its command's message in the journal and the place there. */
    journal: string;
    /** Who: the token's `sub`. */
    principal: string;
    /** What was done. */
    action: "list_instrument" | "delist_instrument" | "set_phase" | "set_limits" | "set_kill_switch" | "bust_trade";
    /** An instrument, or none. */
    symbol: string | null;
    /** An account, or none. */
    account: string | null;
    /** Why, as the operator said. */
    reason: string | null;
    /** That of its refusal; null if it was carried out. */
    code: string | null;
    /** What was asked for, beside whom it is about. */
    details: Record<string, unknown>;
  }[];
  /** Opaque: give it back as it was given to you. */
  cursor?: string;
};

/** One instrument. */
export type GetAdminInstrumentsSymbolAnswer = Instrument;

/** The client connections of the gateway process that answers. */
export type GetAdminSessionsAnswer = {
  sessions: {
    /** Its name. */
    session: string;
    /** What connections are counted by. */
    address: string;
    /** Of its login; empty before that. */
    account: string;
    /** Channels of instruments that it follows. */
    subscriptions: number;
    /** Not answered yet. */
    requests_in_flight: number;
    /** Sent, but not taken yet. */
    unread_bytes: number;
  }[];
};

/** Who leads each partition, who follows it, and how far they are. */
export type GetAdminPartitionsAnswer = {
  partitions: {
    /** Its number. */
    partition: number;
    /** Whether an order would be answered now. */
    available: boolean;
    /** Why not. */
    why: string | null;
    /** The worker that leads it. */
    leader?: string;
    /** The worker that follows it. */
    standby?: string | null;
    /** Of the last command's message in the journal. */
    sequence?: number;
    /** Messages by which the standby was behind lately; null if it loads. */
    lag?: number | null;
    /** Its newest, null before the first. */
    checkpoint?: {
      /** Of the last journal message that it knows. */
      sequence: number;
      /** When that message was stored. */
      time: Time;
    } | null;
    /** How many live there. */
    instruments?: number;
    /** Why it takes no orders until somebody has mended it; null if it does. */
    stopped: {
      /** Of the journal's message there. */
      sequence: number;
      /** A sentence for people. */
      why: string;
    } | null;
    refused_by: {
      /** Its id. */
      worker: string;
      /** Of the journal's message at which it stopped. */
      sequence: number;
      /** A sentence for people. */
      why: string;
      /** When it tries again. */
      next_look: Time;
    }[];
    /** Null before it was measured. */
    room: {
      /** Of the fuller one's room: 1 is full. */
      share: number;
      /** Everything, or only cancels and operators, only operators, or nothing. */
      takes: "everything" | "cancels" | "operators" | "nothing";
      /** That the journal holds. */
      journal_bytes: number;
      /** That it may hold. */
      journal_max_bytes: number;
      /** That its events hold. */
      events_bytes: number;
      /** That they may hold. */
      events_max_bytes: number;
    } | null;
  }[];
};

/** Let a partition's standby lead it, without a break. */
export type PostAdminPartitionsPartitionHandoverAnswer = {
  /** Its number. */
  partition: number;
  /** The worker that leads it now. */
  leader: string;
};
