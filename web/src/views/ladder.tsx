// The live ladder: one price column, bids to its left, asks to its right, own orders at the edges.
//
// A click on a bid or ask fills the ticket with that side and price and sends nothing; with the keyboard the arrow
// keys walk the prices and Enter takes one over.
import type { Signal } from "@preact/signals";
import type { TargetedKeyboardEvent, VNode } from "preact";
import { decimalsOf, toText } from "../decimal";
import { GROUPS, ROWS, type Row } from "../ladder";
import type { Market } from "../market";
import type { Side } from "../orders";
import type { Ticket } from "../ticket";
import { PhaseLine } from "./phase";

type Pick = (price: string, side?: Side) => void;

export function LadderView({ market, ticket }: { market: Market; ticket: Ticket }): VNode {
  const pick: Pick = (price, side) => {
    if (price === "") return;
    if (side !== undefined) ticket.choose(side);
    ticket.edit("price", price);
  };
  return (
    <section class="panel ladder" aria-labelledby="ladder-title">
      <div class="title">
        <h2 id="ladder-title">{market.symbol.value === "" ? "Ladder" : market.symbol.value}</h2>
        <Grouping market={market} />
      </div>
      <PhaseLine market={market} />
      <table onKeyDown={walk}>
        <thead>
          <tr>
            <th scope="col">Own</th>
            <th scope="col">Bid</th>
            <th scope="col">Price</th>
            <th scope="col">Ask</th>
            <th scope="col">Own</th>
          </tr>
        </thead>
        <tbody>
          {market.ladder.rows.map((row, index) => (
            <LadderRow key={index} row={row} first={index === (ROWS - 1) / 2} pick={pick} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function LadderRow({ row, first, pick }: { row: Signal<Row>; first: boolean; pick: Pick }): VNode {
  const { price, bid, ask, bidShare, askShare, ownBuy, ownSell, inside, last } = row.value;
  return (
    <tr data-price={price} data-inside={inside} data-last={last}>
      <td class="own buy">{ownBuy}</td>
      <td class="bid" onClick={() => pick(price, "buy")}>
        <span class="depth" style={{ transform: `scaleX(${bidShare})` }} />
        <span>{bid}</span>
      </td>
      <th scope="row">
        <button type="button" tabIndex={first ? 0 : -1} onClick={() => pick(price)} aria-label={spoken(row.value)}>
          {price}
        </button>
      </th>
      <td class="ask" onClick={() => pick(price, "sell")}>
        <span class="depth" style={{ transform: `scaleX(${askShare})` }} />
        <span>{ask}</span>
      </td>
      <td class="own sell">{ownSell}</td>
    </tr>
  );
}

function Grouping({ market }: { market: Market }): VNode | null {
  const tick = market.ladder.tick.value;
  if (tick === 0n) return null;
  return (
    <label class="grouping">
      <span>Step</span>
      <select value={market.ladder.group.value || 1} onChange={(event) => market.ladder.regroup(Number(event.currentTarget.value))}>
        {GROUPS.map((each) => (
          <option key={each} value={each}>
            {toText(tick * BigInt(each), decimalsOf(tick))}
          </option>
        ))}
      </select>
    </label>
  );
}

function spoken({ price, last, inside }: Row): string {
  const mark = inside === "buy" ? ", best bid" : inside === "sell" ? ", best ask" : "";
  return `Use price ${price}${mark}${last ? ", last price" : ""}`;
}

function walk(event: TargetedKeyboardEvent<HTMLTableElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("tbody button")];
  const from = buttons.findIndex((button) => button === document.activeElement);
  buttons[from + step]?.focus();
  event.preventDefault();
}
