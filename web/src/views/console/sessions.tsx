// Who is connected to the gateway that answers, the fullest outbox first.
import type { VNode } from "preact";
import type { Session } from "../../console/operator";
import { Panel } from "../panel";
import type { ConsoleProps } from "./props";
import { Fault } from "./fault";
import { SLOW_BYTES } from "./health";

const ROWS_MAX = 200;

export function SessionList({ operator }: ConsoleProps): VNode {
  const { answer, fault } = operator.sessions;
  const sessions = [...(answer.value ?? [])].sort((one, other) => other.unread_bytes - one.unread_bytes);
  return (
    <Panel
      name="sessions"
      title={
        <>
          Sessions of this gateway <span class="count">{sessions.length}</span>
        </>
      }
    >
      <Fault fault={fault.value} />
      <div class="scroll" tabIndex={0} role="group" aria-label="Sessions">
        <table>
          <thead>
            <tr>
              <th scope="col">Session</th>
              <th scope="col">Account</th>
              <th scope="col">Address</th>
              <th scope="col">Feeds</th>
              <th scope="col">In flight</th>
              <th scope="col">Outbox</th>
            </tr>
          </thead>
          <tbody>
            {sessions.slice(0, ROWS_MAX).map((session) => (
              <Row key={session.session} session={session} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function Row({ session }: { session: Session }): VNode {
  const slow = session.unread_bytes >= SLOW_BYTES;
  return (
    <tr>
      <th scope="row">{session.session}</th>
      <td>{session.account === "" ? "not logged in" : session.account}</td>
      <td>{session.address}</td>
      <td>{session.subscriptions}</td>
      <td>{session.requests_in_flight}</td>
      <td class={slow ? "fault" : ""}>
        {session.unread_bytes} {slow && "slow"}
      </td>
    </tr>
  );
}
