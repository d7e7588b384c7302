// What operators did: who, when, what, to whom and why; refused or not. Newest first.
import type { VNode } from "preact";
import { timeOfDay } from "../../clock";
import type { Action } from "../../console/operator";
import { Panel } from "../panel";
import type { ConsoleProps } from "./props";
import { Fault } from "./fault";

export function Audit({ operator }: ConsoleProps): VNode {
  const { answer, fault } = operator.audit;
  const shown = answer.value?.actions ?? [];
  const known = new Set(shown.map(keyOf));
  const older = operator.older.value.filter((action) => !known.has(keyOf(action)));
  return (
    <Panel name="audit" title="What operators did">
      <Fault fault={fault.value} />
      <div class="scroll" tabIndex={0} role="group" aria-label="Actions, newest first">
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Who</th>
              <th scope="col">Action</th>
              <th scope="col">About</th>
              <th scope="col">Details</th>
              <th scope="col">Reason</th>
              <th scope="col">Outcome</th>
            </tr>
          </thead>
          <tbody>
            {[...shown, ...older].map((action) => (
              <Row key={keyOf(action)} action={action} />
            ))}
          </tbody>
        </table>
        {answer.value?.cursor !== undefined && (
          <button type="button" class="tool older" onClick={() => void operator.showOlder()}>
            Older
          </button>
        )}
        {answer.value !== null && shown.length === 0 && <p class="hint">Nothing yet.</p>}
      </div>
    </Panel>
  );
}

function keyOf({ partition, journal }: Action): string {
  return `${partition} ${journal}`;
}

function Row({ action }: { action: Action }): VNode {
  return (
    <tr>
      <th scope="row" title={action.time}>
        {action.time.slice(0, 10)} {timeOfDay(action.time).slice(0, 8)}
      </th>
      <td>{action.principal}</td>
      <td>{action.action.replaceAll("_", " ")}</td>
      <td>{action.symbol ?? action.account ?? `partition ${action.partition}`}</td>
      <td class="muted">{detailsOf(action)}</td>
      <td>{action.reason ?? ""}</td>
      <td class={action.code === null ? "" : "fault"}>{action.code === null ? "done" : action.code.replaceAll("_", " ")}</td>
    </tr>
  );
}

/** What was asked for, in words; a limit that is null was taken away, anything else that is null was left out. */
function detailsOf({ action, details }: Action): string {
  const gone = action === "set_limits" ? "removed" : "";
  const words = Object.entries(details).map(([key, value]) => [key.replaceAll("_", " "), value ?? gone] as const);
  return words
    .filter(([, value]) => value !== "" && value !== false)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(", ");
}
