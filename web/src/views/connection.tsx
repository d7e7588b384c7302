// Whether what is shown is true now, in words, how far away the exchange is, and what was missed.
import type { VNode } from "preact";
import type { Connection, Feed } from "../exchange_socket";

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
  return (
    <div class="connection" data-state={state} title={MEANINGS[state]}>
      <span class="dot" aria-hidden="true" />
      <span role="status">{WORDS[state]}</span>
      <RoundTrip feed={feed} />
      <Answers feed={feed} />
      <Gaps feed={feed} />
    </div>
  );
}

function RoundTrip({ feed }: { feed: Feed }): VNode {
  const roundTrip = feed.connection.value === "down" ? null : feed.roundTripMs.value;
  return (
    <span class="figure round-trip" title="Round trip of the last ping">
      <span>ping</span> {milliseconds(roundTrip)}
    </span>
  );
}

function Answers({ feed }: { feed: Feed }): VNode {
  const percentiles = feed.orderAnswers.percentiles.value;
  return (
    <span class="figure answers" title="From sending an order to the exchange's answer: half of them, 99 of 100">
      <span>orders</span> {milliseconds(percentiles?.p50 ?? null)} / {milliseconds(percentiles?.p99 ?? null)}
    </span>
  );
}

function Gaps({ feed }: { feed: Feed }): VNode {
  return (
    <span class="figure gaps" title="How often something was missing and a fresh copy was asked for">
      <span>gaps</span> {feed.gaps.value}
    </span>
  );
}

function milliseconds(value: number | null): string {
  if (value === null) return "– ms";
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
}
