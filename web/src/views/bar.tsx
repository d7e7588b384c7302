// The top line: open instruments, search, connection, account, and the doors to everything else.
import type { VNode } from "preact";
import { LAYOUTS, type Layout } from "../preferences";
import type { Screen } from "../screen";
import { Account } from "./account";
import { ConnectionState } from "./connection";
import { narrow } from "./narrow";
import { Select } from "./panel";
import { inConsole } from "./place";

const LAYOUT_WORDS: Record<Layout, string> = {
  desk: "Desk",
  ladder: "Ladder",
  chart: "Chart",
  quiet: "Quiet",
};

export function Bar({ screen }: { screen: Screen }): VNode {
  const { feed, identity, preferences } = screen;
  return (
    <header class="bar">
      <h1 class="brand">Openbell</h1>
      {identity.scope.value.has("admin") && <Places />}
      {!inConsole.value && <OpenInstruments screen={screen} />}
      <ConnectionState feed={feed} />
      {!inConsole.value && !narrow.value && (
        <Select
          label="Layout"
          value={preferences.layout.value}
          choices={LAYOUTS.map((layout) => [layout, LAYOUT_WORDS[layout]] as const)}
          choose={(layout) => preferences.choose("layout", layout)}
        />
      )}
      <Account screen={screen} />
      <button type="button" class="icon" aria-label="Look and layout" title="Look and layout" onClick={() => (screen.dialog.value = "settings")}>
        ◐
      </button>
      <button type="button" class="icon" aria-label="Hot keys and help" title="Hot keys and help (?)" onClick={() => (screen.dialog.value = "help")}>
        ?
      </button>
    </header>
  );
}

function Places(): VNode {
  return (
    <nav class="segments" aria-label="Places">
      <a href="#" aria-current={inConsole.value ? undefined : "page"}>
        Trade
      </a>
      <a href="#console" aria-current={inConsole.value ? "page" : undefined}>
        Console
      </a>
    </nav>
  );
}

function OpenInstruments({ screen }: { screen: Screen }): VNode {
  const { markets, switcher } = screen;
  const open = markets.open.value;
  return (
    <nav class="open" aria-label="Open instruments">
      <button type="button" class="search-button" onClick={() => switcher.show()}>
        Search <kbd>Ctrl K</kbd>
      </button>
      {open.map(({ symbol }) => (
        <span key={symbol} class="opened" data-chosen={markets.symbol.value === symbol}>
          <button type="button" aria-pressed={markets.symbol.value === symbol} onClick={() => screen.look(symbol)}>
            {symbol}
          </button>
          {open.length > 1 && (
            <button type="button" class="close" aria-label={`Close ${symbol}`} onClick={() => markets.close(symbol)}>
              ×
            </button>
          )}
        </span>
      ))}
    </nav>
  );
}
