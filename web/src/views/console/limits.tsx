// One account: cash, positions, what it uses, and its limits, which are changed here.
import { signal } from "@preact/signals";
import type { TargetedEvent, VNode } from "preact";
import { AMOUNTS, type Amount, type LimitsForm } from "../../console/limits";
import type { Account } from "../../protocol";
import { Panel } from "../panel";
import type { ConsoleProps } from "./props";

const WORDS: Record<Amount, string> = {
  max_quantity: "Largest order",
  max_value: "Largest value",
  max_open_orders: "Open orders",
  max_long: "Longest position",
  max_short: "Shortest position",
  maker_bps: "Maker fee, bp",
  taker_bps: "Taker fee, bp",
  cross_bps: "Auction fee, bp",
};

const name = signal("");

export function AccountLimits({ screen, operator }: ConsoleProps): VNode {
  const form = operator.limitsForm;
  const look = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (name.value.trim() !== "") void form.look(name.value.trim());
  };
  const account = form.account.value;
  return (
    <Panel name="limits" title="Account and limits">
      <form class="look" onSubmit={look}>
        <label class="select">
          <span>Account</span>
          <input autocomplete="off" value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} />
        </label>
        <button class="tool" type="submit">
          Show
        </button>
      </form>
      <p class={form.fault.value === "" ? "hint" : "hint fault"} role="status">
        {form.fault.value || form.done.value || (account === null ? "Name an account to see what it has and may do." : "")}
      </p>
      {account !== null && <Facts account={account} />}
      {account !== null && <Form form={form} symbols={screen.instruments.symbols.value} />}
    </Panel>
  );
}

function Facts({ account }: { account: Account }): VNode {
  return (
    <dl class="figures facts">
      <div>
        <dt>Cash</dt>
        <dd>{account.cash}</dd>
      </div>
      <div>
        <dt>Fees paid</dt>
        <dd>{account.fees}</dd>
      </div>
      {account.positions.map((position) => (
        <div key={position.symbol}>
          <dt>{position.symbol}</dt>
          <dd>
            {position.quantity} at {position.average_price ?? "–"}
          </dd>
        </div>
      ))}
      {account.used.map((used) => (
        <div key={used.symbol}>
          <dt>Open in {used.symbol}</dt>
          <dd>
            {used.open_orders} orders, {used.open_buy_quantity} to buy, {used.open_sell_quantity} to sell
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Form({ form, symbols }: { form: LimitsForm; symbols: readonly string[] }): VNode {
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void form.send();
  };
  return (
    <form class="limits-form" onSubmit={submit}>
      <label class="field row">
        <span>In</span>
        <select value={form.symbol.value} onChange={(event) => form.choose(event.currentTarget.value)}>
          <option value="">all instruments without own limits</option>
          {symbols.map((symbol) => (
            <option key={symbol}>{symbol}</option>
          ))}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={form.enabled.value} onChange={(event) => (form.enabled.value = event.currentTarget.checked)} />
        May trade; otherwise it may only cancel
      </label>
      <div class="amounts">
        {AMOUNTS.map((amount) => (
          <label key={amount} class="field row">
            <span>{WORDS[amount]}</span>
            <input
              inputMode="decimal"
              autocomplete="off"
              placeholder="no limit"
              value={form.amounts[amount].value}
              onInput={(event) => (form.amounts[amount].value = event.currentTarget.value)}
            />
          </label>
        ))}
      </div>
      <label class="field row">
        <span>Reason</span>
        <input value={form.reason.value} onInput={(event) => (form.reason.value = event.currentTarget.value)} />
      </label>
      <button class="send" type="submit">
        Change limits of {form.account.value?.account}
      </button>
    </form>
  );
}
