// The phase of every instrument: what may be done now, and what a call would come to.
import { signal, type Signal } from "@preact/signals-core";
import type { Feed } from "./exchange_socket";
import type { Frames } from "./frames";
import type { Order, StatusFrame } from "./protocol";

export type Phase = StatusFrame["phase"];

export const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  closed: "Closed",
  pre_open: "Pre-open",
  auction: "Auction",
  continuous: "Continuous",
  halted: "Halted",
  cancel_only: "Cancel only",
};

const KIND_WORDS: Readonly<Record<string, string>> = {
  opening: "Opening auction",
  closing: "Closing auction",
  volatility: "Volatility auction",
  reopening: "Reopening auction",
  operator: "Auction by the operator",
};

export class Statuses {
  readonly #statuses = new Map<string, Signal<StatusFrame | null>>();
  readonly #latest = new Map<string, StatusFrame>();

  constructor(
    private readonly feed: Pick<Feed, "subscribe">,
    private readonly frames: Frames,
  ) {}

  of(symbol: string): Signal<StatusFrame | null> {
    const found = this.#statuses.get(symbol) ?? signal<StatusFrame | null>(null);
    this.#statuses.set(symbol, found);
    return found;
  }

  watch(symbol: string): () => void {
    return this.feed.subscribe({
      channel: "status",
      symbol,
      take: (frame) => {
        this.#latest.set(symbol, frame);
        this.frames.next(this.#publish);
        return true;
      },
    });
  }

  readonly #publish = (): void => {
    for (const [symbol, status] of this.#latest) this.of(symbol).value = status;
    this.#latest.clear();
  };
}

/** A phase in words, an auction by its kind. */
export function phaseWords(status: StatusFrame): string {
  if (status.phase === "auction") return KIND_WORDS[status.kind ?? ""] ?? PHASE_WORDS.auction;
  return PHASE_WORDS[status.phase];
}

/** Whether orders are collected for an uncross. */
export function isCall(phase: Phase): boolean {
  return phase === "auction" || phase === "pre_open";
}

/** Why an order of this time in force would not be taken now, "" if nothing stands against it (docs/rules.md, "Trading day"). */
export function phaseFault(status: StatusFrame | null, timeInForce: Order["time_in_force"]): string {
  if (status === null) return "";
  const { phase } = status;
  if (phase === "halted") return `Trading is halted${because(status)}: only cancels are taken.`;
  if (phase === "closed") return "The market is closed: only cancels are taken.";
  if (phase === "cancel_only") return "Only cancels are taken now.";
  if (phase === "continuous" && timeInForce === "at_open") return "The opening auction is over: choose another time in force.";
  if (isCall(phase) && (timeInForce === "ioc" || timeInForce === "fok")) {
    return "In an auction nothing trades at once: choose another time in force.";
  }
  return "";
}

function because(status: StatusFrame): string {
  return status.reason === null || status.reason === "" ? "" : ` (${status.reason})`;
}
