// Whether what is shown is true now, in words, and how far away the exchange is.
import type { VNode } from "preact";
import type { Connection, Feed } from "../feed";

const WORDS: Record<Connection, string> = {
  live: "Live",
  resyncing: "Resyncing",
  stale: "Stale",
  down: "Down, reconnecting",
};

const MEANINGS: Record<Connection, string> = {
  live: "Everything shown is current.",
  resyncing: "Connected; waiting for a fresh copy of what was missed.",
  stale: "Connected, but nothing has been heard for some seconds: numbers may be old.",
  down: "Not connected: numbers are old. Trying again by itself.",
};

export function ConnectionState({ feed }: { feed: Feed }): VNode {
  const state = feed.connection.value;
  const roundTrip = feed.roundTripMs.value;
  return (
    <div class="connection" data-state={state} title={MEANINGS[state]}>
      <span class="dot" aria-hidden="true" />
      <span role="status">{WORDS[state]}</span>
      <span class="round-trip">{roundTrip === null || state === "down" ? "– ms" : `${roundTrip.toFixed(1)} ms`}</span>
    </div>
  );
}
