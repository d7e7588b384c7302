// What an operator may do with an instrument's phase, one step after the other: chosen, then confirmed.
import { signal } from "@preact/signals-core";
import type { Api } from "../api";
import type { Phase } from "../status";

export type Step = "pre_open" | "open" | "call" | "halt" | "resume" | "cancel_only" | "close";

export const STEP_WORDS: Readonly<Record<Step, string>> = {
  pre_open: "Pre-open",
  open: "Open",
  call: "Call",
  halt: "Halt",
  resume: "Resume",
  cancel_only: "Cancel only",
  close: "Close",
};

/** The phase that a step leads to; `lift` ends a halt. */
const BODIES: Readonly<Record<Step, { phase: Phase; lift?: true }>> = {
  pre_open: { phase: "pre_open" },
  open: { phase: "continuous" },
  call: { phase: "auction" },
  halt: { phase: "halted" },
  resume: { phase: "continuous", lift: true },
  cancel_only: { phase: "cancel_only" },
  close: { phase: "closed" },
};

export interface Chosen {
  readonly symbol: string;
  readonly step: Step;
}

export class PhaseSteps {
  readonly chosen = signal<Chosen | null>(null);
  readonly reason = signal("");
  /** How long a call lasts, in seconds; "" for the instrument's own length. */
  readonly callSeconds = signal("");
  readonly sending = signal(false);
  readonly fault = signal("");

  /** `now` is the exchange's clock in milliseconds since 1970. */
  constructor(
    private readonly api: Pick<Api, "ask">,
    private readonly now: () => number,
    private readonly changed: () => void,
  ) {}

  choose(symbol: string, step: Step): void {
    this.chosen.value = { symbol, step };
    this.fault.value = "";
  }

  leave(): void {
    this.chosen.value = null;
  }

  async confirm(): Promise<void> {
    const chosen = this.chosen.value;
    if (chosen === null || this.sending.value) return;
    this.sending.value = true;
    try {
      await this.api.ask("POST", `/v1/admin/instruments/${chosen.symbol}/phase`, this.#body(chosen.step));
      this.leave();
    } catch (failure) {
      this.fault.value = `${STEP_WORDS[chosen.step]} ${chosen.symbol}: ${(failure as Error).message}`;
    }
    this.sending.value = false;
    this.changed();
  }

  #body(step: Step): object {
    const [reason, seconds] = [this.reason.value.trim(), Number(this.callSeconds.value)];
    const until = step === "call" && seconds > 0 ? { until: new Date(this.now() + seconds * 1_000).toISOString() } : {};
    return { ...BODIES[step], ...until, ...(reason === "" ? {} : { reason }) };
  }
}

/** The steps that lead somewhere from a phase. */
export function stepsFrom(phase: Phase): readonly Step[] {
  if (phase === "halted") return ["resume", "close"];
  if (phase === "closed") return ["pre_open", "open", "call", "halt"];
  if (phase === "continuous") return ["call", "halt", "cancel_only", "close"];
  if (phase === "cancel_only") return ["open", "call", "halt", "close"];
  return ["open", "halt", "close"];
}
