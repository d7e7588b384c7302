// The order ticket. Enter sends, Escape clears, arrow up and down step by tick and lot.
import type { TargetedEvent, TargetedKeyboardEvent, VNode } from "preact";
import type { Market } from "../market";
import type { Side } from "../orders";
import type { TicketField } from "../checks";
import type { Ticket } from "../ticket";

const SIDES: readonly [Side, string][] = [
  ["buy", "Buy"],
  ["sell", "Sell"],
];
const TYPES = [
  ["limit", "Limit"],
  ["market", "Market"],
] as const;

export function TicketForm({ ticket, market }: { ticket: Ticket; market: Market }): VNode {
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    void ticket.send();
  };
  const clear = (event: TargetedKeyboardEvent<HTMLFormElement>): void => {
    if (event.key !== "Escape") return;
    ticket.clear();
    event.currentTarget.querySelector<HTMLInputElement>("#quantity")?.focus();
  };
  const side = ticket.side.value;
  const fault = ticket.faults.value.ticket ?? "";
  return (
    <section class="panel ticket" aria-labelledby="ticket-title">
      <h2 id="ticket-title">Order ticket</h2>
      <form onSubmit={submit} onKeyDown={clear} data-side={side} noValidate>
        <fieldset class="choice sides">
          <legend>Side</legend>
          {SIDES.map(([value, word]) => (
            <label key={value} class={value}>
              <input type="radio" name="side" checked={side === value} onChange={() => ticket.choose(value)} />
              <span>{word}</span>
            </label>
          ))}
        </fieldset>
        <fieldset class="choice">
          <legend>Type</legend>
          {TYPES.map(([value, word]) => (
            <label key={value}>
              <input
                type="radio"
                name="type"
                checked={ticket.type.value === value}
                onChange={() => ticket.chooseType(value)}
              />
              <span>{word}</span>
            </label>
          ))}
        </fieldset>
        <Field ticket={ticket} field="quantity" label="Quantity" step={market.instrument.value?.lot_size ?? ""} />
        {ticket.type.value === "limit" ? (
          <Field ticket={ticket} field="price" label="Price" step={ticket.tick.value} />
        ) : (
          <p class="field hint">Takes the best prices there are; what finds none expires.</p>
        )}
        <button class="send" type="submit" disabled={ticket.sending.value || market.instrument.value === null}>
          {ticket.sending.value ? "Sending…" : `${side === "buy" ? "Buy" : "Sell"} ${market.symbol.value}`}
          {ticket.value.value !== "" && <span class="value">{ticket.value.value}</span>}
        </button>
        <p class={fault === "" ? "outcome" : "outcome fault"} role="status">
          {fault === "" ? ticket.outcome.value : fault}
        </p>
      </form>
      <p class="hint keys">
        <kbd>Enter</kbd> sends · <kbd>Esc</kbd> clears · <kbd>↑</kbd> <kbd>↓</kbd> step
      </p>
    </section>
  );
}

interface FieldProps {
  ticket: Ticket;
  field: TicketField;
  label: string;
  step: string;
}

function Field({ ticket, field, label, step }: FieldProps): VNode {
  const fault = ticket.faults.value[field] ?? "";
  const stepByKey = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
    event.preventDefault();
    ticket.step(field, event.key === "ArrowUp" ? 1 : -1);
  };
  return (
    <div class="field">
      <label for={field}>
        {label} {step !== "" && <span class="step">in steps of {step}</span>}
      </label>
      <div class="stepper">
        <button type="button" aria-label={`${label} down`} onClick={() => ticket.step(field, -1)}>
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
        <button type="button" aria-label={`${label} up`} onClick={() => ticket.step(field, 1)}>
          +
        </button>
      </div>
      <p id={`${field}-fault`} class="fault" role="alert">
        {fault}
      </p>
    </div>
  );
}
