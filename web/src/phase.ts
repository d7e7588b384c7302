// How an instrument stands, in words: the phase, and in an auction what an uncross now would do.
import type { StatusFrame } from "./protocol";

export function sentenceOf(status: StatusFrame): string {
  const reason = status.reason === null ? [] : [status.reason];
  return [phrase(status), ...auction(status), ...bands(status), ...reason].join(" · ");
}

const PHASES: Record<StatusFrame["phase"], string> = {
  closed: "Closed",
  pre_open: "Before the open",
  auction: "Auction",
  continuous: "Continuous trading",
  halted: "Halted",
  cancel_only: "Cancels only",
};

function phrase({ phase, kind, until }: StatusFrame): string {
  const name = kind === null ? PHASES[phase] : `${PHASES[phase]} (${kind})`;
  return until === null ? name : `${name} until ${new Date(until).toLocaleTimeString("en-GB")}`;
}

function auction({ kind, indicative_price, paired_quantity, imbalance, imbalance_side }: StatusFrame): string[] {
  if (kind === null) return [];
  const price = indicative_price === null ? "no price yet" : `${paired_quantity} at ${indicative_price}`;
  return imbalance_side === null ? [price] : [price, `${imbalance} more to ${imbalance_side}`];
}

function bands({ band_low, band_high }: StatusFrame): string[] {
  if (band_low === null && band_high === null) return [];
  return [`trades from ${band_low ?? "any price"} to ${band_high ?? "any price"}`];
}
