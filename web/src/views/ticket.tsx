// The order ticket. Enter sends, Escape clears, arrow up and down step by tick and lot.
import type { TargetedEvent, TargetedKeyboardEvent, VNode } from "preact";
import type { TicketField } from "../checks";
import { toText, units } from "../decimal";
import { decimalsOfLot } from "../instrument";
import type { Market } from "../market";
import type { Side } from "../orders";
import type { Screen } from "../screen";
import { SELF_TRADES, TYPES, type OrderType, type SelfTrade, type Ticket, type TimeInForce } from "../ticket";
import { Panel } from "./panel";

const SIDES: readonly [Side, string][] = [
  ["buy", "Buy"],
  ["sell", "Sell"],
];
const TYPE_WORDS: Record<OrderType, string> = { limit: "Limit", market: "Market", stop: "Stop", stop_limit: "Stop limit" };
export const TIME_IN_FORCE_WORDS: Record<TimeInForce, string> = {
  gtc: "Until canceled",
  day: "Today",
  ioc: "At once or never",
  fok: "Whole or never",
  gtd: "Until a time",
  at_open: "In the opening auction",
  at_close: "In the closing auction",
};
const SELF_TRADE_WORDS: Record<SelfTrade, string> = {
  cancel_newest: "Cancel the newer order",
  cancel_oldest: "Cancel the older order",
  cancel_both: "Cancel both",
  decrement: "Reduce both",
};
const LOTS = [1, 10, 100] as const;

interface Props {
  screen: Screen;
  market: Market;
}

export function TicketForm({ screen, market }: Props): VNode {
  const { ticket } = screen;
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void ticket.send();
  };
  const clear = (event: TargetedKeyboardEvent<HTMLFormElement>): void => {
    if (event.key !== "Escape") return;
    ticket.clear();
    event.currentTarget.querySelector<HTMLInputElement>("#quantity")?.focus();
  };
  return (
    <Panel name="ticket" title="Order ticket">
      <form onSubmit={submit} onKeyDown={clear} data-side={ticket.side.value} noValidate>
        <SideChoice ticket={ticket} />
        <TypeChoice ticket={ticket} />
        <Field ticket={ticket} field="quantity" label="Quantity" step={market.instrument.value?.lot_size ?? ""}>
          <Lots ticket={ticket} market={market} />
        </Field>
        {ticket.hasStop.value && <Field ticket={ticket} field="stop_price" label="Stop price" step={ticket.tick.value} />}
        {ticket.hasPrice.value && <Field ticket={ticket} field="price" label="Price" step={ticket.tick.value} />}
        <TimeInForceChoice ticket={ticket} />
        <More ticket={ticket} market={market} />
        <Figures ticket={ticket} market={market} />
        <Send ticket={ticket} market={market} />
      </form>
      <p class="hint keys">
        <kbd>Enter</kbd> sends · <kbd>Esc</kbd> clears · <kbd>↑</kbd> <kbd>↓</kbd> step
      </p>
    </Panel>
  );
}

function SideChoice({ ticket }: { ticket: Ticket }): VNode {
  return (
    <fieldset class="choice sides">
      <legend>Side</legend>
      {SIDES.map(([value, word]) => (
        <label key={value} class={value}>
          <input type="radio" name="side" checked={ticket.side.value === value} onChange={() => ticket.choose(value)} />
          <span>{word}</span>
        </label>
      ))}
    </fieldset>
  );
}

function TypeChoice({ ticket }: { ticket: Ticket }): VNode {
  return (
    <fieldset class="choice">
      <legend>Type</legend>
      {TYPES.map((value) => (
        <label key={value}>
          <input type="radio" name="type" checked={ticket.type.value === value} onChange={() => ticket.chooseType(value)} />
          <span>{TYPE_WORDS[value]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function TimeInForceChoice({ ticket }: { ticket: Ticket }): VNode {
  const fault = ticket.faults.value.expires ?? "";
  return (
    <>
      <div class="field row">
        <label for="time-in-force">Good</label>
        <select
          id="time-in-force"
          value={ticket.timeInForce.value}
          onChange={(event) => ticket.chooseTimeInForce(event.currentTarget.value as TimeInForce)}
        >
          {ticket.timesInForce.value.map((value) => (
            <option key={value} value={value}>
              {TIME_IN_FORCE_WORDS[value]}
            </option>
          ))}
        </select>
      </div>
      {ticket.timeInForce.value === "gtd" && (
        <div class="field row">
          <label for="expires">Expires</label>
          <input
            id="expires"
            type="datetime-local"
            step={1}
            value={ticket.expires.value}
            onInput={(event) => ticket.edit("expires", event.currentTarget.value)}
            aria-invalid={fault !== ""}
            aria-describedby="expires-fault"
          />
          <p id="expires-fault" class="fault" role="alert">
            {fault}
          </p>
        </div>
      )}
    </>
  );
}

function More({ ticket, market }: { ticket: Ticket; market: Market }): VNode {
  return (
    <details class="more">
      <summary>More</summary>
      {ticket.mayRest.value ? (
        <>
          <label class="check">
            <input
              type="checkbox"
              checked={ticket.postOnly.value}
              onChange={(event) => (ticket.postOnly.value = event.currentTarget.checked)}
            />
            Post-only: refuse it if it would take
          </label>
          <Field ticket={ticket} field="display_quantity" label="Show only" step={market.instrument.value?.lot_size ?? ""} />
        </>
      ) : (
        <p class="hint">Post-only and icebergs go with limit orders that may rest.</p>
      )}
      <div class="field row">
        <label for="self-trade">Own orders that meet</label>
        <select
          id="self-trade"
          value={ticket.selfTrade.value}
          onChange={(event) => (ticket.selfTrade.value = event.currentTarget.value as SelfTrade)}
        >
          {SELF_TRADES.map((value) => (
            <option key={value} value={value}>
              {SELF_TRADE_WORDS[value]}
            </option>
          ))}
        </select>
      </div>
    </details>
  );
}

function Figures({ ticket, market }: { ticket: Ticket; market: Market }): VNode {
  const instrument = market.instrument.value;
  return (
    <dl class="figures">
      <div>
        <dt>{ticket.type.value === "market" ? "About" : "Value"}</dt>
        <dd>{ticket.value.value === "" ? "–" : ticket.value.value}</dd>
      </div>
      <div>
        <dt>Fee</dt>
        <dd>{ticket.fee.value === "" ? "none" : ticket.fee.value}</dd>
      </div>
      <div>
        <dt>Quantity</dt>
        <dd>{instrument === null ? "" : span(instrument.min_quantity, instrument.max_quantity)}</dd>
      </div>
    </dl>
  );
}

function span(least: string | null, most: string | null): string {
  return most === null ? `${least} or more` : `${least} to ${most}`;
}

function Send({ ticket, market }: { ticket: Ticket; market: Market }): VNode {
  const fault = ticket.barred.value || (ticket.faults.value.ticket ?? "");
  const verb = ticket.side.value === "buy" ? "Buy" : "Sell";
  const barred = ticket.sending.value || market.instrument.value === null || ticket.barred.value !== "";
  return (
    <>
      <button class="send" type="submit" disabled={barred}>
        {ticket.sending.value ? "Sending…" : `${verb} ${market.symbol}`}
      </button>
      <p class={fault === "" ? "outcome" : "outcome fault"} role="status">
        {fault === "" ? ticket.outcome.value : fault}
      </p>
    </>
  );
}

function Lots({ ticket, market }: { ticket: Ticket; market: Market }): VNode | null {
  const instrument = market.instrument.value;
  if (instrument === null) return null;
  return (
    <div class="lots" role="group" aria-label="Usual quantities">
      {LOTS.map((count) => {
        const quantity = toText(units(instrument.lot_size) * BigInt(count), decimalsOfLot(instrument));
        return (
          <button key={count} type="button" aria-label={`Quantity ${quantity}`} onClick={() => ticket.edit("quantity", quantity)}>
            {quantity}
          </button>
        );
      })}
    </div>
  );
}

interface FieldProps {
  ticket: Ticket;
  field: Exclude<TicketField, "expires">;
  label: string;
  step: string;
  children?: VNode;
}

function Field({ ticket, field, label, step, children }: FieldProps): VNode {
  const fault = ticket.faults.value[field] ?? "";
  const stepByKey = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    ticket.step(field, event.key === "ArrowUp" ? 1 : -1);
  };
  return (
    <div class="field">
      <div class="label">
        <label for={field}>
          {label} {step !== "" && <span class="step">steps of {step}</span>}
        </label>
        {children}
      </div>
      <div class="stepper">
        <button type="button" tabIndex={-1} aria-label={`${label} down`} onClick={() => ticket.step(field, -1)}>
          −
        </button>
        <input
          id={field}
          inputMode="decimal"
          autocomplete="off"
          value={ticket[field].value}
          onInput={(event) => ticket.edit(field, event.currentTarget.value)}
          onKeyDown={stepByKey}
          aria-invalid={fault !== ""}
          aria-describedby={`${field}-fault`}
        />
        <button type="button" tabIndex={-1} aria-label={`${label} up`} onClick={() => ticket.step(field, 1)}>
          +
        </button>
      </div>
      <p id={`${field}-fault`} class="fault" role="alert">
        {fault}
      </p>
    </div>
  );
}
