// Shapes of docs/protocol.md that the gateway's own description does not have yet, so that protocol.ts lacks them.
// Each goes when the gateway describes it: the generated one then takes its place.
import type { Decimal, Instrument, StatusFrame, TickerFrame, Time } from "./protocol";

/** Fees and bands of an instrument, where the exchange knows them. */
export interface Terms {
  readonly maker_bps?: Decimal | number | null;
  readonly taker_bps?: Decimal | number | null;
  readonly calendar?: string | null;
}

export type ListedInstrument = Instrument & Terms;

/** The figures of the trading day, where the exchange keeps them. */
export interface DayFigures {
  readonly open?: Decimal | null;
  readonly high?: Decimal | null;
  readonly low?: Decimal | null;
  readonly volume?: Decimal | null;
}

export type Ticker = TickerFrame & DayFigures;

export type AuctionKind = "opening" | "closing" | "volatility" | "reopening" | "operator";

/** What a phase says beyond its name: of an auction the indicative outcome, and the prices that may trade. */
export interface Call {
  readonly kind?: AuctionKind | null;
  readonly indicative_price?: Decimal | null;
  readonly paired_quantity?: Decimal | null;
  readonly imbalance?: Decimal | null;
  readonly imbalance_side?: "buy" | "sell" | null;
  readonly band_low?: Decimal | null;
  readonly band_high?: Decimal | null;
}

export type Status = StatusFrame & Call;

export interface Position {
  readonly symbol: string;
  readonly quantity: Decimal;
  readonly average_price: Decimal | null;
  readonly realised: Decimal;
  readonly unrealised: Decimal | null;
  readonly fees: Decimal;
}

export interface PositionsFrame {
  readonly channel: "positions";
  readonly type: "snapshot" | "update";
  readonly partition?: number;
  readonly seq?: number;
  readonly prev?: number;
  readonly positions: readonly Position[];
  readonly limits?: unknown;
}

/** One command of an operator, in one partition. */
export interface Action {
  readonly time: Time;
  readonly partition: number;
  readonly journal: string;
  readonly principal: string;
  readonly action: string;
  readonly symbol: string | null;
  readonly account: string | null;
  readonly reason: string | null;
  /** That of its refusal; null if it was carried out. */
  readonly code: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Answer of GET /v1/admin/audit. */
export interface Audit {
  readonly actions: readonly Action[];
  readonly cursor?: string;
}

/** An account's own limits in one instrument, or (symbol null) in all that have no own; null where there is none. */
export interface Limits {
  readonly symbol: string | null;
  readonly enabled: boolean | null;
  readonly max_quantity: Decimal | null;
  readonly max_value: Decimal | null;
  readonly max_open_orders: number | null;
  readonly max_long: Decimal | null;
  readonly max_short: Decimal | null;
  readonly maker_bps: Decimal | null;
  readonly taker_bps: Decimal | null;
  readonly cross_bps: Decimal | null;
}

/** What open orders use of the limits in one instrument. */
export interface Used {
  readonly symbol: string;
  readonly open_orders: number;
  readonly open_buy_quantity: Decimal;
  readonly open_sell_quantity: Decimal;
}

export interface Account {
  readonly account: string;
  readonly cash: Decimal;
  readonly fees: Decimal;
  readonly positions: readonly Position[];
  readonly limits: readonly Limits[];
  readonly used: readonly Used[];
}

/** Whom a kill switch stops: an account, an instrument, or with neither all. */
export interface Target {
  readonly account: string | null;
  readonly symbol: string | null;
}

/** Answer of GET /v1/admin/kill-switch. */
export interface KillSwitches {
  readonly open_orders: number;
  readonly switches: readonly Target[];
}

/** Answer of POST /v1/admin/kill-switch. */
export interface KillSwitch extends Target {
  readonly active: boolean;
  readonly canceled: number;
}

/** One client connection; the gateway's description says only that it is an object. */
export interface Session {
  readonly session: string;
  readonly address: string;
  readonly account: string;
  readonly subscriptions: number;
  readonly requests_in_flight: number;
  readonly unread_bytes: number;
}
