// The hot keys, and who made what is inside.
import type { VNode } from "preact";
import type { Panel } from "../hotkeys";
import type { Screen } from "../screen";
import { Modal } from "./modal";

const PANELS: readonly [Panel, string][] = [
  ["", "Everywhere"],
  ["ladder", "On the active ladder"],
  ["orders", "On the active orders"],
];

export function Help({ screen }: { screen: Screen }): VNode {
  return (
    <Modal name="help" title="Hot keys" close={() => (screen.dialog.value = "")}>
      <p class="hint">
        A key works on the panel with the lit edge: press <kbd>L</kbd> or <kbd>O</kbd>, or click it. While you type in a field
        all keys but the search are dead.
      </p>
      <div class="keys">
        {PANELS.map(([panel, words]) => (
          <section key={panel}>
            <h3>{words}</h3>
            <dl>
              {screen.hotkeys.all
                .filter((hotkey) => hotkey.panel === panel)
                .map(({ keys, what }) => (
                  <div key={keys}>
                    <dt>
                      <kbd>{keys}</kbd>
                    </dt>
                    <dd>{what}</dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="hint">
        In the ticket <kbd>Enter</kbd> sends, <kbd>Esc</kbd> clears, <kbd>↑</kbd> <kbd>↓</kbd> step. On the ladder they walk the
        prices, <kbd>Enter</kbd> takes one over. The API is described at <a href="/docs">/docs</a>.
      </p>
      <p class="hint">
        Candles by TradingView Lightweight Charts™, © 2025 TradingView, Inc.,{" "}
        <a href="https://www.tradingview.com/" rel="noreferrer">
          www.tradingview.com
        </a>
        . Depth by uPlot, © Leon Sorokin.
      </p>
    </Modal>
  );
}
