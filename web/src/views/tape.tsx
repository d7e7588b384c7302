// Time and sales: every trade of the chosen instrument, newest on top. No table: a new line on top of one lays out all
// of it again, here it only moves the others.
import type { VNode } from "preact";
import { timeOfDay } from "../clock";
import type { Market } from "../market";
import type { Print } from "../tape";
import { Panel } from "./panel";

const WORDS = { buy: "Buy", sell: "Sell", cross: "Cross" } as const;
const ARROWS = { "1": "▲", "-1": "▼", "0": "" } as const;

export function TapeView({ market }: { market: Market }): VNode {
  const trades = market.tape.trades.value;
  return (
    <Panel name="tape" title="Time and sales">
      <div class="scroll" tabIndex={0} role="table" aria-label="Trades, newest first">
        <div class="print head" role="row">
          <span role="columnheader">Time</span>
          <span role="columnheader">Price</span>
          <span role="columnheader">Quantity</span>
          <span role="columnheader">Taker</span>
        </div>
        {trades.map((trade) => (
          <PrintRow key={trade.trade_id} trade={trade} />
        ))}
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
