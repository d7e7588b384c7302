// The depth ladder: one price column, bids to its left, asks to its right, own orders on their rows.
//
// Unarmed a click on a bid or ask fills the ticket with that side and price and sends nothing. Armed it is a limit order
// at once. A click on an own order cancels it, a drag moves it to another price. With the keyboard the arrow keys walk
// the prices and Enter takes one over.
import type { Signal } from "@preact/signals";
import type { TargetedKeyboardEvent, TargetedMouseEvent, TargetedPointerEvent, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { decimalsOf, toText } from "../decimal";
import { GROUPS, type Row } from "../ladder";
import type { Market } from "../market";
import type { Side } from "../orders";
import type { Screen } from "../screen";
import { bar, Panel } from "./panel";

interface Props {
  screen: Screen;
  market: Market;
}

/** An own order on its way to another row. */
interface Drag {
  readonly side: Side;
  readonly from: string;
  to: string;
}

export function LadderView({ screen, market }: Props): VNode {
  const tools = (
    <>
      <Grouping market={market} />
      <button type="button" class="tool" onClick={() => market.recentre()} title="Put the market into the middle (C)">
        Centre
      </button>
    </>
  );
  return (
    <Panel
      name="ladder"
      title="Ladder"
      tools={tools}
      active={screen.active.value === "ladder"}
      onActivate={() => (screen.active.value = "ladder")}
    >
      <ArmSwitch screen={screen} market={market} />
      <Rows key={market.symbol} screen={screen} market={market} />
    </Panel>
  );
}

function ArmSwitch({ screen, market }: Props): VNode {
  const { arm } = screen;
  const armed = arm.armed.value;
  return (
    <div class="arm" data-armed={armed}>
      <button type="button" role="switch" aria-checked={armed} onClick={() => (arm.armed.value = !armed)}>
        <span class="knob" aria-hidden="true" />
        {armed ? "Armed: a click sends" : "Not armed"}
      </button>
      <label>
        <span>Quantity</span>
        <input
          inputMode="decimal"
          autocomplete="off"
          size={7}
          placeholder={market.instrument.value?.min_quantity ?? ""}
          value={arm.quantity.value}
          onInput={(event) => (arm.quantity.value = event.currentTarget.value)}
        />
      </label>
    </div>
  );
}

function Rows({ screen, market }: Props): VNode {
  const room = useRef<HTMLDivElement>(null);
  useEffect(() => followRoom(room.current, market), [market]);
  const drag = useRef<Drag | null>(null);
  const dragged = useRef(false);
  const { arm, ticket } = screen;
  const rows = market.ladder.rows.value;
  const click = (event: TargetedMouseEvent<HTMLTableElement>): void => {
    const cell = cellAt(event.target);
    if (cell === null || dragged.current) return;
    const { price, side, own } = cell;
    if (own) arm.cancel(side === "" ? [] : market.ladder.own(side, price));
    else if (side !== "" && arm.armed.peek()) void arm.click(side, price);
    else {
      if (side !== "") ticket.choose(side);
      ticket.edit("price", price);
    }
  };
  const grab = (event: TargetedPointerEvent<HTMLTableElement>): void => {
    dragged.current = false;
    const cell = cellAt(event.target);
    if (cell === null || !cell.own || cell.side === "" || !arm.armed.peek()) return;
    drag.current = { side: cell.side, from: cell.price, to: cell.price };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event: TargetedPointerEvent<HTMLTableElement>): void => {
    if (drag.current === null) return;
    drag.current.to = priceUnder(event) ?? drag.current.to;
    mark(event.currentTarget, drag.current.to);
  };
  const drop = (event: TargetedPointerEvent<HTMLTableElement>): void => {
    const held = drag.current;
    drag.current = null;
    mark(event.currentTarget, "");
    if (held === null) return;
    dragged.current = true;
    const orders = market.ladder.own(held.side, held.from);
    // The capture took the click away from the button, so letting go where it began is the click.
    if (held.to === held.from) arm.cancel(orders);
    else arm.drag(orders, held.to);
  };
  const forget = (event: TargetedPointerEvent<HTMLTableElement>): void => {
    drag.current = null;
    mark(event.currentTarget, "");
  };
  return (
    <div class="room" ref={room}>
      <table
        data-armed={arm.armed.value}
        onKeyDown={walk}
        onClick={click}
        onPointerDown={grab}
        onPointerMove={move}
        onPointerUp={drop}
        onPointerCancel={forget}
      >
        <thead>
          <tr>
            <th scope="col">Traded</th>
            <th scope="col">Own</th>
            <th scope="col">Bid</th>
            <th scope="col">Price</th>
            <th scope="col">Ask</th>
            <th scope="col">Own</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <LadderRow key={index} row={row} first={index === (rows.length - 1) / 2} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LadderRow({ row, first }: { row: Signal<Row>; first: boolean }): VNode {
  const { price, bid, ask, bidShare, askShare, ownBuy, ownSell, volume, volumeShare, inside, last, outside } = row.value;
  return (
    <tr data-price={price} data-inside={inside} data-last={last} data-outside={outside}>
      <td class="traded" style={bar(volumeShare)}>
        <span class="cell">{volume}</span>
      </td>
      <td class="own buy">{ownBuy !== "" && <Own side="buy" quantity={ownBuy} price={price} />}</td>
      <td class="bid" data-side="buy" style={bar(bidShare)}>
        <span class="cell">{bid}</span>
      </td>
      <th scope="row">
        <button type="button" class="cell" tabIndex={first ? 0 : -1} aria-label={spoken(row.value)}>
          {price}
        </button>
      </th>
      <td class="ask" data-side="sell" style={bar(askShare)}>
        <span class="cell">{ask}</span>
      </td>
      <td class="own sell">{ownSell !== "" && <Own side="sell" quantity={ownSell} price={price} />}</td>
    </tr>
  );
}

function Own({ side, quantity, price }: { side: Side; quantity: string; price: string }): VNode {
  return (
    <button type="button" data-own={side} tabIndex={-1} aria-label={`Cancel own ${side} ${quantity} at ${price}`}>
      {quantity}
    </button>
  );
}

function Grouping({ market }: { market: Market }): VNode | null {
  const tick = market.ladder.tick.value;
  if (tick === 0n) return null;
  return (
    <label class="select">
      <span>Step</span>
      <select
        value={market.ladder.group.value || 1}
        onChange={(event) => market.ladder.regroup(Number(event.currentTarget.value))}
      >
        {GROUPS.map((each) => (
          <option key={each} value={each}>
            {toText(tick * BigInt(each), decimalsOf(tick))}
          </option>
        ))}
      </select>
    </label>
  );
}

/** As many rows as fit, whatever a row's height is on this screen. */
function followRoom(room: HTMLDivElement | null, market: Market): (() => void) | undefined {
  if (room === null) return undefined;
  const observer = new ResizeObserver(() => {
    const [head, row] = [room.querySelector("thead"), room.querySelector("tbody tr")];
    const height = row?.getBoundingClientRect().height ?? 0;
    const free = room.clientHeight - (head?.getBoundingClientRect().height ?? 0);
    if (height > 0 && free > 0) market.ladder.resize(Math.floor(free / height));
  });
  observer.observe(room);
  return () => observer.disconnect();
}

interface Cell {
  readonly price: string;
  readonly side: Side | "";
  readonly own: boolean;
}

function cellAt(target: EventTarget | null): Cell | null {
  if (!(target instanceof Element)) return null;
  const price = target.closest<HTMLElement>("tr[data-price]")?.dataset["price"] ?? "";
  const own = target.closest<HTMLElement>("[data-own]")?.dataset["own"];
  const side = own ?? target.closest<HTMLElement>("[data-side]")?.dataset["side"];
  const meant = own !== undefined || side !== undefined || target.closest("tbody th") !== null;
  return price === "" || !meant ? null : { price, side: side === "buy" || side === "sell" ? side : "", own: own !== undefined };
}

function priceUnder(event: PointerEvent): string | null {
  const under = document.elementFromPoint(event.clientX, event.clientY);
  return under?.closest<HTMLElement>(".ladder tr[data-price]")?.dataset["price"] || null;
}

/** Shows where a dragged order would go; no state, as it is gone with the pointer. */
function mark(table: HTMLTableElement, price: string): void {
  for (const row of table.querySelectorAll<HTMLElement>("tbody tr")) {
    row.toggleAttribute("data-target", price !== "" && row.dataset["price"] === price);
  }
}

function spoken({ price, last, inside, bid, ask }: Row): string {
  const mark = inside === "buy" ? ", best bid" : inside === "sell" ? ", best ask" : "";
  const depth = `${bid === "" ? "" : `, bid ${bid}`}${ask === "" ? "" : `, ask ${ask}`}`;
  return `Use price ${price}${mark}${depth}${last ? ", last price" : ""}`;
}

function walk(event: TargetedKeyboardEvent<HTMLTableElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const buttons = [...event.currentTarget.querySelectorAll<HTMLButtonElement>("tbody th button")];
  const from = buttons.findIndex((button) => button === document.activeElement);
  buttons[from + step]?.focus();
  event.preventDefault();
}
