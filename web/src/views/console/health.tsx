// The state of everything in one line: what is well, what is not, each in words.
import type { VNode } from "preact";
import { targetOf } from "../../console/kill_switch";
import { fullnessOf, isFilling } from "../../console/partitions";
import type { ConsoleProps } from "./props";

export function Health(props: ConsoleProps): VNode {
  return (
    <section class="headline health" aria-label="Health">
      <Ready {...props} />
      <Led {...props} />
      <Phases {...props} />
      <Sessions {...props} />
      <Switches {...props} />
      <Stale {...props} />
    </section>
  );
}

interface Sign {
  name: string;
  value: string;
  well: boolean;
}

function SignView({ name, value, well }: Sign): VNode {
  return (
    <dl class="sign" data-well={well}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </dl>
  );
}

function Ready({ operator }: ConsoleProps): VNode {
  const { answer, fault } = operator.ready;
  const well = fault.value === "" && answer.value !== null;
  return <SignView name="Gateway" value={fault.value === "" ? (answer.value === null ? "asking" : "ready") : "not ready"} well={well} />;
}

function Led({ operator }: ConsoleProps): VNode {
  const partitions = operator.partitions.poll.answer.value ?? [];
  const led = partitions.filter((partition) => partition.available).length;
  const fullest = [...partitions].sort((one, other) => (other.room?.share ?? 0) - (one.room?.share ?? 0))[0];
  const followed = partitions.filter((partition) => partition.standby).length;
  return (
    <>
      <SignView name="Partitions led" value={`${led} of ${partitions.length}`} well={led === partitions.length} />
      <SignView name="With a standby" value={`${followed} of ${partitions.length}`} well={followed === partitions.length} />
      <SignView name="Fullest journal" value={fullest === undefined ? "–" : fullnessOf(fullest)} well={fullest === undefined || !isFilling(fullest)} />
    </>
  );
}

function Phases({ screen }: ConsoleProps): VNode {
  const symbols = screen.instruments.symbols.value;
  const open = symbols.filter((symbol) => screen.statuses.of(symbol).value?.phase === "continuous").length;
  return <SignView name="Trading" value={`${open} of ${symbols.length}`} well={open === symbols.length} />;
}

function Sessions({ operator }: ConsoleProps): VNode {
  const sessions = operator.sessions.answer.value ?? [];
  const unread = Math.max(0, ...sessions.map((session) => session.unread_bytes));
  return (
    <>
      <SignView name="Sessions" value={String(sessions.length)} well />
      <SignView name="Deepest outbox" value={`${unread} bytes`} well={unread < SLOW_BYTES} />
    </>
  );
}

/** A client that has so much unread is behind: its outbox holds 1 MiB at most, then it is closed. */
export const SLOW_BYTES = 262_144;

function Switches({ operator }: ConsoleProps): VNode {
  const switches = operator.switches.answer.value?.switches ?? [];
  return <SignView name="Kill switches" value={switches.length === 0 ? "none on" : switches.map(targetOf).join(", ")} well={switches.length === 0} />;
}

function Stale({ screen }: ConsoleProps): VNode {
  const stale = screen.feed.staleFeeds.value;
  return <SignView name="Late feeds" value={stale === 0 ? "none" : String(stale)} well={stale === 0} />;
}
