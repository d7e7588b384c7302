// The look: theme, colours, layout, and how often books move.
import type { VNode } from "preact";
import { INTERVALS_MS, LAYOUTS, PALETTES, THEMES } from "../preferences";
import type { Screen } from "../screen";
import { Modal } from "./modal";
import { Segments } from "./panel";

const THEME_WORDS = { dark: "Dark", light: "Light", contrast: "High contrast" } as const;
const PALETTE_WORDS = { classic: "Green and red", "colour-blind": "Blue and orange" } as const;
const LAYOUT_WORDS = { desk: "Desk", ladder: "Ladder", chart: "Chart", quiet: "Quiet" } as const;
const INTERVAL_WORDS = { 0: "Every change", 20: "20 ms", 100: "100 ms", 1000: "1 s" } as const;

export function Settings({ screen }: { screen: Screen }): VNode {
  const { preferences } = screen;
  return (
    <Modal name="settings" title="Look and layout" close={() => (screen.dialog.value = "")}>
      <p class="setting">
        <span>Theme</span>
        <Segments
          label="Theme"
          value={preferences.theme.value}
          choices={THEMES.map((each) => [each, THEME_WORDS[each]] as const)}
          choose={(each) => preferences.choose("theme", each)}
        />
      </p>
      <p class="setting">
        <span>Buy and sell</span>
        <Segments
          label="Colours of buy and sell"
          value={preferences.palette.value}
          choices={PALETTES.map((each) => [each, PALETTE_WORDS[each]] as const)}
          choose={(each) => preferences.choose("palette", each)}
        />
      </p>
      <p class="setting">
        <span>Layout</span>
        <Segments
          label="Layout"
          value={preferences.layout.value}
          choices={LAYOUTS.map((each) => [each, LAYOUT_WORDS[each]] as const)}
          choose={(each) => preferences.choose("layout", each)}
        />
      </p>
      <p class="setting">
        <span>Books move</span>
        <Segments
          label="How often books move"
          value={preferences.interval.value}
          choices={INTERVALS_MS.map((each) => [each, INTERVAL_WORDS[each]] as const)}
          choose={(each) => preferences.choose("interval", each)}
        />
      </p>
      <p class="hint">Kept in this browser. The token is not: it ends with the tab.</p>
    </Modal>
  );
}
