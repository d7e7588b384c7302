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

export interface AuditEntry {
  readonly time?: Time;
  readonly principal?: string;
  readonly action?: string;
  readonly reason?: string | null;
  readonly [member: string]: unknown;
}
