// One line above the ladder: the phase, the auction to be, the bands.
import type { VNode } from "preact";
import type { Market } from "../market";
import { sentenceOf } from "../phase";

export function PhaseLine({ market }: { market: Market }): VNode | null {
  const status = market.status.value;
  if (status === null) return null;
  return (
    <p class="phase" data-phase={status.phase}>
      {sentenceOf(status)}
    </p>
  );
}
