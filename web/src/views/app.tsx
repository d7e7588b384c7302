// The whole screen: where everything is, on a desk and on a phone.
import { signal } from "@preact/signals";
import type { VNode } from "preact";
import type { Screen } from "../screen";
import { Account, Login } from "./account";
import { ConnectionState } from "./connection";
import { InstrumentList } from "./instruments";
import { LadderView } from "./ladder";
import { NoticeList } from "./notices";
import { OpenOrders } from "./orders";
import { TapeView } from "./tape";
import { TicketForm } from "./ticket";

/** On a narrow screen one of these is shown at a time. */
const TABS = ["Markets", "Trade", "Orders", "Tape"] as const;
const tab = signal<(typeof TABS)[number]>("Trade");

export function App({ screen }: { screen: Screen }): VNode {
  const { feed, identity, instruments, market, notices, orders, ticket } = screen;
  const look = (symbol: string): void => {
    market.look(symbol);
    ticket.clear();
    tab.value = "Trade";
  };
  return (
    <div class="screen" data-connection={feed.connection.value} data-tab={tab.value}>
      <header class="bar">
        <h1 class="brand">Openbell</h1>
        <ConnectionState feed={feed} />
        <Account identity={identity} change={screen.become} />
      </header>
      <main class="panels">
        <InstrumentList instruments={instruments} market={market} look={look} />
        <LadderView market={market} ticket={ticket} />
        {identity.account.value === null ? (
          <Login identity={identity} />
        ) : (
          <TicketForm ticket={ticket} market={market} />
        )}
        <TapeView market={market} />
        <OpenOrders orders={orders} account={identity.account.value} look={look} />
      </main>
      <nav class="tabs" aria-label="Parts of the screen">
        {TABS.map((name) => (
          <button key={name} type="button" aria-pressed={tab.value === name} onClick={() => (tab.value = name)}>
            {name === "Orders" ? `Orders ${orders.open.value.length || ""}` : name}
          </button>
        ))}
      </nav>
      <NoticeList notices={notices} />
    </div>
  );
}
