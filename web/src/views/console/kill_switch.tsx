// The kill switch: whom, what it will cancel, the name typed out, and what it did.
import type { TargetedEvent, VNode } from "preact";
import { EVERYTHING, targetOf, type KillForm, type Scope } from "../../console/kill_switch";
import { Panel, Segments } from "../panel";
import type { ConsoleProps } from "./props";
import { Fault } from "./fault";

const SCOPES = [
  ["account", "Account"],
  ["symbol", "Instrument"],
  ["exchange", "Whole exchange"],
] as const satisfies readonly (readonly [Scope, string])[];

export function KillSwitch({ screen, operator }: ConsoleProps): VNode {
  const form = operator.killForm;
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void form.send();
  };
  return (
    <Panel name="kill" title="Kill switch">
      <form onSubmit={submit}>
        <Segments label="Whom it stops" value={form.scope.value} choices={SCOPES} choose={(scope) => (form.scope.value = scope)} />
        {form.scope.value !== "exchange" && <Name form={form} symbols={screen.instruments.symbols.value} />}
        <Cancels form={form} />
        <p class="preview" role="status">
          {preview(form)}
        </p>
        <label class="field row">
          <span>Reason</span>
          <input value={form.reason.value} onInput={(event) => (form.reason.value = event.currentTarget.value)} />
        </label>
        <label class="field row">
          <span>
            Type <b>{form.word.value === "" ? "the name" : form.word.value}</b> to confirm
          </span>
          <input
            autocomplete="off"
            value={form.typed.value}
            disabled={form.word.value === ""}
            onInput={(event) => (form.typed.value = event.currentTarget.value)}
          />
        </label>
        <button class="send danger" type="submit" disabled={!form.ready.value}>
          Stop {form.word.value === EVERYTHING ? "the whole exchange" : form.word.value}
        </button>
        <p class={form.fault.value === "" ? "outcome" : "outcome fault"} role="status">
          {form.fault.value || form.done.value}
        </p>
      </form>
      <SwitchesOn operator={operator} form={form} />
    </Panel>
  );
}

function Name({ form, symbols }: { form: KillForm; symbols: readonly string[] }): VNode {
  return (
    <label class="field row">
      <span>{form.scope.value === "account" ? "Account" : "Symbol"}</span>
      <input
        autocomplete="off"
        list={form.scope.value === "symbol" ? "kill-symbols" : undefined}
        value={form.name.value}
        onInput={(event) => (form.name.value = event.currentTarget.value)}
      />
      <datalist id="kill-symbols">
        {symbols.map((symbol) => (
          <option key={symbol} value={symbol} />
        ))}
      </datalist>
    </label>
  );
}

function Cancels({ form }: { form: KillForm }): VNode {
  if (form.scope.value === "account") return <p class="hint">All open orders of the account are canceled.</p>;
  return (
    <label class="check">
      <input type="checkbox" checked={form.cancel.value} onChange={(event) => (form.cancel.value = event.currentTarget.checked)} />
      Cancel resting orders too
    </label>
  );
}

function preview(form: KillForm): string {
  if (form.word.value === "") return "Name whom it is to stop.";
  const count = form.openOrders.value;
  const orders = count === null ? "open orders (their number is not known)" : count === 1 ? "1 open order" : `${count} open orders`;
  const verb = form.cancels.value ? "will be canceled" : "will stay, and can be canceled by their owners";
  return `New orders and amends will be refused. ${count === 0 ? "There are no open orders." : `${orders} ${verb}.`}`;
}

function SwitchesOn({ operator, form }: { operator: ConsoleProps["operator"]; form: KillForm }): VNode {
  const { answer, fault } = operator.switches;
  const switches = answer.value?.switches ?? [];
  return (
    <section class="switches" aria-label="Switches that are on">
      <h3>On now</h3>
      <Fault fault={fault.value} />
      {switches.length === 0 && fault.value === "" && <p class="hint">None.</p>}
      <ul>
        {switches.map((target) => (
          <li key={targetOf(target)}>
            <span>{targetOf(target)}</span>
            <button type="button" class="tool" onClick={() => void form.lift(target)}>
              Let go on
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
