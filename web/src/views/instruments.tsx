// What can be traded, with last price and best bid and ask.
import type { VNode } from "preact";
import type { Instruments } from "../instruments";
import type { Market } from "../market";

interface Props {
  instruments: Instruments;
  market: Market;
  look(symbol: string): void;
}

export function InstrumentList({ instruments, market, look }: Props): VNode {
  return (
    <section class="panel instruments" aria-labelledby="instruments-title">
      <h2 id="instruments-title">Markets</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Symbol</th>
            <th scope="col">Last</th>
            <th scope="col">Bid</th>
            <th scope="col">Ask</th>
          </tr>
        </thead>
        <tbody>
          {instruments.symbols.value.map((symbol) => (
            <InstrumentRow key={symbol} symbol={symbol} instruments={instruments} market={market} look={look} />
          ))}
        </tbody>
      </table>
      {instruments.symbols.value.length === 0 && <p class="hint">No instrument is listed yet.</p>}
    </section>
  );
}

function InstrumentRow({ symbol, instruments, market, look }: Props & { symbol: string }): VNode {
  const ticker = instruments.ticker(symbol).value;
  const chosen = market.symbol.value === symbol;
  return (
    <tr class={chosen ? "chosen" : ""} onClick={() => look(symbol)}>
      <th scope="row">
        <button type="button" aria-pressed={chosen}>
          {symbol}
        </button>
      </th>
      <td class="last">{ticker?.last ?? "–"}</td>
      <td class="buy">{ticker?.bid ?? "–"}</td>
      <td class="sell">{ticker?.ask ?? "–"}</td>
    </tr>
  );
}
