// Time and sales: every trade of the chosen instrument, newest on top.
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
      <div class="scroll" tabIndex={0} role="group" aria-label="Trades, newest first">
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Price</th>
              <th scope="col">Quantity</th>
              <th scope="col">Taker</th>
            </tr>
          </thead>
          <tbody>
            {trades.map((trade) => (
              <PrintRow key={trade.trade_id} trade={trade} />
            ))}
          </tbody>
        </table>
        {trades.length === 0 && <p class="hint">No trade yet.</p>}
      </div>
    </Panel>
  );
}

function PrintRow({ trade }: { trade: Print }): VNode {
  const side: keyof typeof WORDS = trade.side;
  const busted = "bust" in trade && trade.bust === true;
  return (
    <tr class={side} data-busted={busted}>
      <td class="time">{timeOfDay(trade.time)}</td>
      <td class="price">
        <span class="arrow" aria-hidden="true">
          {ARROWS[`${trade.move}`]}
        </span>{" "}
        {trade.price}
      </td>
      <td>{trade.quantity}</td>
      <td class="word">{busted ? "Undone" : WORDS[side]}</td>
    </tr>
  );
}
