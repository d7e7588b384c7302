// Time and sales: every trade of the chosen instrument, newest on top.
import type { VNode } from "preact";
import type { Market } from "../market";

const WORDS = { buy: "Buy", sell: "Sell", cross: "Cross" } as const;

export function TapeView({ market }: { market: Market }): VNode {
  const trades = market.tape.trades.value;
  return (
    <section class="panel tape" aria-labelledby="tape-title">
      <h2 id="tape-title">Time and sales</h2>
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
              <tr key={trade.trade_id} class={trade.bust ? `${trade.side} bust` : trade.side}>
                <td class="time">{clock(trade.time)}</td>
                <td class="price">{trade.price}</td>
                <td>{trade.quantity}</td>
                <td class="word">{trade.bust ? "Busted" : WORDS[trade.side]}</td>
              </tr>
            ))}
          </tbody>
        </table>
        {trades.length === 0 && <p class="hint">No trade yet.</p>}
      </div>
    </section>
  );
}

/** The exchange's time of day with milliseconds, in the time zone of whoever looks. */
function clock(time: string): string {
  const at = new Date(time);
  return `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
