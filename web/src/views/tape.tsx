// Time and sales: every trade of the chosen instrument, newest on top. No table: a new line on top of one lays out all
// of it again, here it only moves the others. Each line that moves is painted again, so those below the edge are left
// out, their room kept, until somebody scrolls.
import { useSignal, type Signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { timeOfDay } from "../clock";
import type { Market } from "../market";
import type { Print } from "../tape";
import { Panel } from "./panel";

const WORDS = { buy: "Buy", sell: "Sell", cross: "Cross" } as const;
const ARROWS = { "1": "▲", "-1": "▼", "0": "" } as const;

export function TapeView({ market }: { market: Market }): VNode {
  const room = useRef<HTMLDivElement>(null);
  const fitting = useSignal(0);
  useEffect(() => followRoom(room.current, fitting), []);
  const trades = market.tape.trades.value;
  const shown = trades.slice(0, fitting.value);
  const label = "Trades, newest first";
  return (
    <Panel name="tape" title="Time and sales">
      <div class="scroll" ref={room} tabIndex={0} role="table" aria-label={label} aria-rowcount={trades.length + 1}>
        <div class="print head" role="row">
          <span role="columnheader">Time</span>
          <span role="columnheader">Price</span>
          <span role="columnheader">Quantity</span>
          <span role="columnheader">Taker</span>
        </div>
        {shown.map((trade) => (
          <PrintRow key={trade.trade_id} trade={trade} />
        ))}
        <div class="below" style={{ height: `calc(${trades.length - shown.length} * var(--print))` }} />
        {trades.length === 0 && <p class="hint">No trade yet.</p>}
      </div>
    </Panel>
  );
}

function PrintRow({ trade }: { trade: Print }): VNode {
  const { side, bust: busted = false } = trade;
  return (
    <div class={`print ${side}`} role="row" data-trade={trade.trade_id} data-busted={busted}>
      <span class="time" role="cell">
        {timeOfDay(trade.time)}
      </span>
      <span class="price" role="cell">
        <span class="arrow" aria-hidden="true">
          {ARROWS[`${trade.move}`]}
        </span>{" "}
        {trade.price}
      </span>
      <span class="quantity" role="cell">
        {trade.quantity}
      </span>
      <span class="word" role="cell">
        {busted ? "Undone" : WORDS[side]}
      </span>
    </div>
  );
}

/** As many lines as the room shows, the one that its edge cuts included; all of them once it is scrolled. */
function followRoom(room: HTMLDivElement | null, fitting: Signal<number>): (() => void) | undefined {
  if (room === null) return undefined;
  const measure = (): void => {
    const line = room.querySelector(".head")?.getBoundingClientRect().height ?? 0;
    fitting.value = room.scrollTop > 0 ? Infinity : Math.ceil(room.clientHeight / Math.max(line, 1));
  };
  const observer = new ResizeObserver(measure);
  observer.observe(room);
  room.addEventListener("scroll", measure, { passive: true });
  return () => {
    observer.disconnect();
    room.removeEventListener("scroll", measure);
  };
}
