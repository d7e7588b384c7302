// What can be traded: favourites first, each with its last hour in a line, last price and change.
import type { VNode } from "preact";
import { changeOf } from "../instruments";
import type { Screen } from "../screen";
import { Panel } from "./panel";
import { toneOf } from "./switcher";

interface Props {
  screen: Screen;
  look(symbol: string): void;
}

const WIDTH = 56;
const HEIGHT = 16;

export function Watchlist({ screen, look }: Props): VNode {
  const symbols = screen.instruments.symbols.value;
  const favourites = screen.preferences.favourites.value;
  const first = symbols.filter((symbol) => favourites.includes(symbol));
  const rest = symbols.filter((symbol) => !favourites.includes(symbol));
  return (
    <Panel name="watchlist" title="Markets">
      <table>
        <thead>
          <tr>
            <th scope="col">Symbol</th>
            <th scope="col">
              <span class="unseen">Last hour</span>
            </th>
            <th scope="col">Last</th>
            <th scope="col">Change</th>
          </tr>
        </thead>
        <tbody>
          {[...first, ...rest].map((symbol) => (
            <Row key={symbol} symbol={symbol} screen={screen} look={look} />
          ))}
        </tbody>
      </table>
      {symbols.length === 0 && <p class="hint">No instrument is listed yet.</p>}
    </Panel>
  );
}

function Row({ symbol, screen, look }: Props & { symbol: string }): VNode {
  const { instruments, markets, preferences, statuses } = screen;
  const ticker = instruments.ticker(symbol).value;
  const change = changeOf(ticker, instruments.get(symbol));
  const chosen = markets.symbol.value === symbol;
  const liked = preferences.favourites.value.includes(symbol);
  const phase = statuses.of(symbol).value?.phase ?? "continuous";
  return (
    <tr class={chosen ? "chosen" : ""} onClick={() => look(symbol)}>
      <th scope="row">
        <button
          type="button"
          class="star"
          aria-pressed={liked}
          aria-label={`${symbol} as a favourite`}
          onClick={(event) => {
            event.stopPropagation();
            preferences.toggleFavourite(symbol);
          }}
        >
          {liked ? "★" : "☆"}
        </button>
        <button type="button" class="symbol" aria-pressed={chosen}>
          {symbol}
        </button>
      </th>
      <td class="line">
        <Line screen={screen} symbol={symbol} tone={toneOf(change)} />
      </td>
      <td class="last">
        <span class="cell">{ticker?.last ?? "–"}</span>
      </td>
      <td class={`change ${phase === "continuous" ? toneOf(change) : "called"}`}>
        <span class="cell">{phase === "continuous" ? change : phase.replace("_", " ")}</span>
      </td>
    </tr>
  );
}

function Line({ screen, symbol, tone }: { screen: Screen; symbol: string; tone: string }): VNode {
  const points = screen.sparklines.of(symbol).value;
  return (
    <svg class={tone} width={WIDTH} height={HEIGHT} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
      <path d={pathOf(points)} />
    </svg>
  );
}

/** A path from the left to the right edge; a price that never moved lies in the middle. */
function pathOf(points: readonly number[]): string {
  const [low, high] = [Math.min(...points), Math.max(...points)];
  const width = WIDTH / Math.max(points.length - 1, 1);
  const y = (value: number): number => (high === low ? HEIGHT / 2 : HEIGHT - 1 - ((value - low) / (high - low)) * (HEIGHT - 2));
  return points.map((value, index) => `${index === 0 ? "M" : "L"}${(index * width).toFixed(1)} ${y(value).toFixed(1)}`).join("");
}
