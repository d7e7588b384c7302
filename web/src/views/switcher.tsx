// The search for an instrument: type, arrow keys, Enter.
import type { TargetedKeyboardEvent, VNode } from "preact";
import { changeOf } from "../instruments";
import type { Screen } from "../screen";
import { Modal } from "./modal";

export function SwitcherView({ screen }: { screen: Screen }): VNode | null {
  const { switcher } = screen;
  if (!switcher.open.value) return null;
  const found = switcher.found.value;
  const steer = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") switcher.move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter") switcher.take();
    else return;
    event.preventDefault();
  };
  return (
    <Modal name="switcher" title="Search an instrument" close={() => switcher.close()}>
      <input
        class="search"
        role="combobox"
        aria-label="Symbol"
        aria-expanded="true"
        aria-controls="found"
        aria-activedescendant={found.length > 0 ? `found-${switcher.chosen.value}` : undefined}
        autocomplete="off"
        spellcheck={false}
        value={switcher.query.value}
        onInput={(event) => switcher.type(event.currentTarget.value)}
        onKeyDown={steer}
      />
      <ul id="found" role="listbox" aria-label="Instruments">
        {found.slice(0, 12).map((symbol, index) => (
          <Found key={symbol} screen={screen} symbol={symbol} index={index} />
        ))}
      </ul>
      {found.length === 0 && <p class="hint">No instrument has such a name.</p>}
    </Modal>
  );
}

function Found({ screen, symbol, index }: { screen: Screen; symbol: string; index: number }): VNode {
  const { instruments, preferences, switcher } = screen;
  const ticker = instruments.ticker(symbol).value;
  return (
    <li
      id={`found-${index}`}
      role="option"
      aria-selected={switcher.chosen.value === index}
      onClick={() => switcher.take(symbol)}
    >
      <span class="symbol">
        {symbol} {preferences.favourites.value.includes(symbol) && <span class="muted">favourite</span>}
      </span>
      <span>{ticker?.last ?? "–"}</span>
      <span class={toneOf(changeOf(ticker, instruments.get(symbol)))}>{changeOf(ticker, instruments.get(symbol))}</span>
    </li>
  );
}

/** Rising numbers look bought, falling ones sold; the sign says it too. */
export function toneOf(change: string): string {
  if (change.startsWith("+")) return "buy";
  return change.startsWith("−") || change.startsWith("-") ? "sell" : "muted";
}
