// The whole screen: where everything is, on a desk and on a phone.
import { effect, signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { Market } from "../market";
import type { Layout } from "../preferences";
import type { Screen } from "../screen";
import { Login, LoginDialog } from "./account";
import { Bar } from "./bar";
import { Blotter } from "./blotter";
import { BookView } from "./book";
import { ChartView } from "./chart";
import { Headline } from "./headline";
import { Help } from "./help";
import { LadderView } from "./ladder";
import { lazy } from "./lazy";
import { narrow } from "./narrow";
import { NoticeList } from "./notices";
import { inConsole } from "./place";
import { Settings } from "./settings";
import { SwitcherView } from "./switcher";
import { TapeView } from "./tape";
import { TicketForm } from "./ticket";
import { Watchlist } from "./watchlist";

type Part = "watchlist" | "chart" | "ladder" | "book" | "ticket" | "tape" | "orders";

/** What each layout shows; the rest is not drawn at all. */
const LAYOUTS: Readonly<Record<Layout, readonly Part[]>> = {
  desk: ["watchlist", "chart", "ladder", "ticket", "tape", "orders"],
  ladder: ["ladder", "book", "ticket", "tape", "orders"],
  chart: ["watchlist", "chart", "book", "ticket", "orders"],
  quiet: ["watchlist", "chart", "ticket", "orders"],
};

/** On a narrow screen one of these is shown at a time. */
const TABS = {
  Markets: ["watchlist"],
  Chart: ["chart"],
  Trade: ["ladder", "ticket"],
  Orders: ["orders"],
  Book: ["book", "tape"],
} as const satisfies Record<string, readonly Part[]>;
type Tab = keyof typeof TABS;

const tab = signal<Tab>("Trade");

const Console = lazy<{ screen: Screen }>(() => import("./console/console").then((module) => module.Console));

export function App({ screen }: { screen: Screen }): VNode {
  useEffect(() => dress(screen), [screen]);
  useEffect(() => listen(screen), [screen]);
  const operating = inConsole.value && screen.identity.scope.value.has("admin");
  return (
    <div class="screen" data-connection={screen.feed.connection.value}>
      <Bar screen={screen} />
      {operating ? <Console screen={screen} /> : <Trading screen={screen} />}
      <NoticeList notices={screen.notices} />
      <SwitcherView screen={screen} />
      {screen.dialog.value === "help" && <Help screen={screen} />}
      {screen.dialog.value === "settings" && <Settings screen={screen} />}
      {screen.dialog.value === "login" && <LoginDialog screen={screen} />}
    </div>
  );
}

function Trading({ screen }: { screen: Screen }): VNode {
  const market = screen.markets.current.value;
  const parts: readonly Part[] = narrow.value ? TABS[tab.value] : LAYOUTS[screen.preferences.layout.value];
  return (
    <>
      {market !== null && <Headline screen={screen} market={market} />}
      <main class="panels" data-layout={narrow.value ? "phone" : screen.preferences.layout.value} data-tab={tab.value}>
        {parts.map((part) => (
          <PartView key={part} part={part} screen={screen} market={market} />
        ))}
      </main>
      {narrow.value && <Tabs screen={screen} />}
    </>
  );
}

function PartView({ part, screen, market }: { part: Part; screen: Screen; market: Market | null }): VNode | null {
  if (part === "watchlist") return <Watchlist screen={screen} look={(symbol) => look(screen, symbol)} />;
  if (part === "orders") return <Blotter screen={screen} />;
  if (part === "ticket" && screen.identity.account.value === null) return <Login screen={screen} />;
  if (market === null) return null;
  if (part === "chart") return <ChartView screen={screen} market={market} />;
  if (part === "ladder") return <LadderView screen={screen} market={market} />;
  if (part === "book") return <BookView screen={screen} market={market} />;
  if (part === "tape") return <TapeView market={market} />;
  return <TicketForm screen={screen} market={market} />;
}

function Tabs({ screen }: { screen: Screen }): VNode {
  const count = screen.orders.open.value.length;
  return (
    <nav class="tabs" aria-label="Parts of the screen">
      {(Object.keys(TABS) as Tab[]).map((name) => (
        <button key={name} type="button" aria-pressed={tab.value === name} onClick={() => (tab.value = name)}>
          {name === "Orders" && count > 0 ? `Orders ${count}` : name}
        </button>
      ))}
    </nav>
  );
}

function look(screen: Screen, symbol: string): void {
  screen.look(symbol);
  tab.value = "Trade";
}

/** Theme and colours are attributes of the page, so that one stylesheet holds them all. */
function dress(screen: Screen): () => void {
  return effect(() => {
    document.documentElement.dataset["theme"] = screen.preferences.theme.value;
    document.documentElement.dataset["palette"] = screen.preferences.palette.value;
  });
}

function listen(screen: Screen): () => void {
  const press = (event: KeyboardEvent): void => {
    if (event.altKey || event.isComposing || document.querySelector("dialog[open]") !== null) return;
    const stroke = { key: event.key, command: event.ctrlKey || event.metaKey, shift: event.shiftKey, typing: isTyping() };
    if (!screen.hotkeys.press(stroke, screen.active.peek())) return;
    event.preventDefault();
    if (event.key.toLowerCase() === "l" || event.key.toLowerCase() === "o") goTo(screen);
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}

/** A panel that was made active by its key takes the focus too, so that arrow keys walk in it. */
function goTo(screen: Screen): void {
  if (narrow.peek()) tab.value = screen.active.peek() === "orders" ? "Orders" : "Trade";
  const first = screen.active.peek() === "ladder" ? ".ladder tbody th button[tabindex='0']" : ".orders .scroll";
  document.querySelector<HTMLElement>(first)?.focus();
}

function isTyping(): boolean {
  const focused = document.activeElement;
  return focused instanceof HTMLInputElement || focused instanceof HTMLSelectElement || focused instanceof HTMLTextAreaElement;
}
