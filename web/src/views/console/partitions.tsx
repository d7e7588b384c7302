// Who leads and who follows each partition, how far it is, and the handover.
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { age } from "../../clock";
import { type Partition, fullnessOf, isFilling, reasonsOf, stateOf } from "../../console/partitions";
import { Panel } from "../panel";
import type { ConsoleProps } from "./props";
import { Fault } from "./fault";

const chosen = signal<number | null>(null);

export function PartitionList({ screen, operator }: ConsoleProps): VNode {
  const { poll, fault, alarm } = operator.partitions;
  return (
    <Panel name="partitions" title="Partitions and their streams">
      <Fault fault={poll.fault.value} />
      {alarm.value !== "" && (
        <p class="fault hint" role="alert">
          {alarm.value}
        </p>
      )}
      {fault.value !== "" && (
        <p class="fault hint" role="alert">
          {fault.value}
        </p>
      )}
      {reasonsOf(poll.answer.value ?? []).map((reason) => (
        <p class="fault hint" role="status" key={reason}>
          {reason}
        </p>
      ))}
      <div class="scroll" tabIndex={0} role="group" aria-label="Partitions">
        <table>
          <thead>
            <tr>
              <th scope="col">Partition</th>
              <th scope="col">State</th>
              <th scope="col">Leader</th>
              <th scope="col">Standby</th>
              <th scope="col">Behind</th>
              <th scope="col">Journal</th>
              <th scope="col">A second</th>
              <th scope="col">Checkpoint</th>
              <th scope="col">Full</th>
              <th scope="col">
                <span class="unseen">Handover</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {(poll.answer.value ?? []).map((partition) => (
              <Row key={partition.partition} partition={partition} screen={screen} operator={operator} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Row({ partition: row, screen, operator }: ConsoleProps & { partition: Partition }): VNode {
  const { checkpoint } = row;
  const rate = operator.partitions.rates.value.get(row.partition);
  return (
    <tr data-partition={row.partition}>
      <th scope="row">
        {row.partition} <span class="muted">{row.instruments === undefined ? "" : `${row.instruments} instruments`}</span>
      </th>
      <td class={row.available && row.stopped === null ? "" : "fault"}>{stateOf(row)}</td>
      <td>{row.leader ?? "–"}</td>
      <td class={row.standby ? "" : "muted"}>{row.standby ?? "none"}</td>
      <td>{behind(row)}</td>
      <td>{row.sequence ?? "–"}</td>
      <td>{rate === undefined ? "–" : rate.toFixed(0)}</td>
      <td title={checkpoint ? `Of journal message ${checkpoint.sequence}` : undefined}>
        {checkpoint === undefined ? "–" : checkpoint === null ? "none" : age(checkpoint.time, screen.clock.now.value)}
      </td>
      <td class={isFilling(row) ? "fault" : ""} title={row.room ? `Takes ${row.room.takes}` : undefined}>
        {fullnessOf(row)}
      </td>
      <td>
        <Handover partition={row} operator={operator} />
      </td>
    </tr>
  );
}

function behind({ standby, lag }: Partition): string {
  if (!standby) return "–";
  return lag === null || lag === undefined ? "loading" : `${lag}`;
}

function Handover({ partition: row, operator }: { partition: Partition; operator: ConsoleProps["operator"] }): VNode {
  const { partitions } = operator;
  const handing = partitions.handing.value === row.partition;
  if (chosen.value !== row.partition) {
    return (
      <button
        type="button"
        class="tool"
        disabled={!row.standby || handing}
        aria-label={`Hand over partition ${row.partition}`}
        onClick={() => (chosen.value = row.partition)}
      >
        {handing ? "Handing over…" : "Hand over"}
      </button>
    );
  }
  const confirm = (): void => {
    chosen.value = null;
    void partitions.handOver(row.partition);
  };
  return (
    <button type="button" class="tool confirm" onClick={confirm} onBlur={() => (chosen.value = null)}>
      Confirm: to {row.standby}
    </button>
  );
}
