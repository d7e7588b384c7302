// Why a part of the console shows old numbers, or none.
import type { VNode } from "preact";

export function Fault({ fault }: { fault: string }): VNode | null {
  if (fault === "") return null;
  return (
    <p class="fault hint" role="status">
      No fresh answer: {fault}
    </p>
  );
}
