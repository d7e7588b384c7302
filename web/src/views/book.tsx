// The book as a list: asks above, bids below, the inside in the middle; a click fills the ticket.
import type { Signal } from "@preact/signals";
import type { VNode } from "preact";
import type { Market } from "../market";
import type { Side } from "../orders";
import type { Quote } from "../quotes";
import type { Screen } from "../screen";
import { bar, Panel } from "./panel";

export function BookView({ screen, market }: { screen: Screen; market: Market }): VNode {
  const pick = (side: Side, price: string): void => {
    if (price === "") return;
    screen.ticket.choose(side);
    screen.ticket.edit("price", price);
  };
  return (
    <Panel name="book" title="Book">
      <table>
        <thead>
          <tr>
            <th scope="col">Price</th>
            <th scope="col">Quantity</th>
            <th scope="col">Sum</th>
          </tr>
        </thead>
        <tbody class="asks">
          {[...market.quotes.asks].reverse().map((quote, index) => (
            <QuoteRow key={index} quote={quote} side="sell" pick={pick} />
          ))}
        </tbody>
        <tbody class="bids">
          {market.quotes.bids.map((quote, index) => (
            <QuoteRow key={index} quote={quote} side="buy" pick={pick} />
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

interface RowProps {
  quote: Signal<Quote>;
  side: Side;
  pick(side: Side, price: string): void;
}

function QuoteRow({ quote, side, pick }: RowProps): VNode {
  const { price, quantity, sum, share } = quote.value;
  return (
    <tr class={side} data-price={price}>
      <th scope="row">
        <button
          type="button"
          class="cell"
          disabled={price === ""}
          aria-label={`Use ${side === "buy" ? "bid" : "ask"} ${price}`}
          onClick={() => pick(side, price)}
        >
          {price}
        </button>
      </th>
      <td>
        <span class="cell">{quantity}</span>
      </td>
      <td class="sum" style={bar(share)}>
        <span class="cell">{sum}</span>
      </td>
    </tr>
  );
}
