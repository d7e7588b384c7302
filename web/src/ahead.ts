// Shapes of docs/protocol.md that the gateway's own description does not have yet, so that protocol.ts lacks them.
// Each goes when the gateway describes it: the generated one then takes its place.
import type { Decimal, TickerFrame } from "./protocol";

/** The figures of the trading day, where the exchange keeps them. */
export interface DayFigures {
  readonly open?: Decimal | null;
  readonly high?: Decimal | null;
  readonly low?: Decimal | null;
  readonly volume?: Decimal | null;
}

export type Ticker = TickerFrame & DayFigures;
