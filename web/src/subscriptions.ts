// What the screen wants to hear, kept true over reconnects, gaps and wrong checksums.
//
// Always: a subscription is unsynced until a snapshot has come and drops updates until then; `complete` when none
// is unsynced. What belongs to no symbol and no account may have nothing to show: there the answer is enough.
import type { Surroundings } from "./surroundings";
import type { ChannelFrame, OrdersEnd, PositionsEnd } from "./protocol";
import { Refusal } from "./refusal";

type ChannelName = ChannelFrame["channel"];
type Payload = Exclude<ChannelFrame, OrdersEnd | PositionsEnd>;

/** What channel messages have in common, as far as they have it. */
interface Message {
  readonly channel: string;
  readonly type: "snapshot" | "update" | "end";
  readonly symbol?: string;
  readonly partition?: number;
  readonly seq?: number;
  readonly prev?: number;
}

interface To<Name extends ChannelName> {
  readonly channel: Name;
  readonly symbol?: string;
  readonly options?: Readonly<Record<string, number>>;
  /** Asked for only after a login. */
  readonly personal?: boolean;
  /** False: the frame does not fit what came before, so a new snapshot is needed. */
  take(frame: Extract<Payload, { channel: Name }>): boolean;
  /** The exchange has no such instrument any more; it is asked again only on the next connection. */
  unknown?(): void;
}

/** What is wanted of one channel, and who takes it. */
export type Subscription = { [Name in ChannelName]: To<Name> }[ChannelName];

interface Held {
  readonly subscription: Subscription;
  asked: boolean;
  synced: boolean;
  /** The exchange has said that it knows no such instrument. */
  unknown: boolean;
  /** Last sequence by partition, or by symbol where there is none. */
  sequences: Map<number | string, number>;
}

interface Outside {
  ask(method: string, parameters: object): Promise<unknown>;
  changed(): void;
  gap(): void;
}

const ASK_AGAIN_MS = 2_000;
const UNKNOWN = "unknown_instrument";

export class Subscriptions {
  readonly #held = new Map<string, Held>();
  #connected = false;
  #entitled = false;
  #due = false;

  constructor(
    private readonly surroundings: Surroundings,
    private readonly outside: Outside,
  ) {}

  get complete(): boolean {
    for (const held of this.#held.values()) if (!held.synced && !held.unknown && this.#mayAsk(held)) return false;
    return true;
  }

  add(subscription: Subscription): () => void {
    const key = keyOf(subscription.channel, subscription.symbol);
    const held: Held = { subscription, asked: false, synced: false, unknown: false, sequences: new Map() };
    this.#held.set(key, held);
    this.#askSoon();
    return () => {
      if (this.#held.get(key) !== held) return;
      this.#held.delete(key);
      if (held.asked) this.outside.ask("unsubscribe", parametersOf([subscription])).catch(() => undefined);
      this.outside.changed();
    };
  }

  opened(): void {
    this.#connected = true;
    this.#askSoon();
  }

  closed(): void {
    this.#connected = false;
    this.#entitled = false;
    for (const held of this.#held.values()) {
      forget(held);
      held.unknown = false;
    }
  }

  /** Private channels are asked for again after every login: it may be another account's. */
  loggedIn(): void {
    this.#entitled = true;
    for (const held of this.#held.values()) if (held.subscription.personal) forget(held);
    this.#askSoon();
  }

  take(frame: ChannelFrame): void {
    const symbol = "symbol" in frame ? frame.symbol : "";
    const held = this.#held.get(keyOf(frame.channel, symbol)) ?? this.#held.get(keyOf(frame.channel));
    if (held === undefined) return;
    if (frame.type === "end") forget(held);
    else if (frame.type === "snapshot") this.#restart(held, frame);
    else if (held.synced) this.#follow(held, frame);
  }

  /**
   * The exchange says up to which number it has sent a channel: if less came, something was lost. A tape's lines are
   * its trades and their busts, so they are as many as its last trade's number, or more.
   */
  verify(channel: string, symbol: string, seq: number): void {
    const held = this.#held.get(keyOf(channel, symbol));
    if (held?.synced && (held.sequences.get(symbol) ?? 0) < seq) this.#again(held);
  }

  #restart(held: Held, frame: Payload): void {
    held.synced = true;
    if (frame.seq !== undefined) held.sequences.set(placeOf(frame), frame.seq);
    this.#hand(held, frame);
    this.outside.changed();
  }

  #follow(held: Held, frame: Payload): void {
    const { prev, seq }: Message = frame;
    const place = placeOf(frame);
    const last = held.sequences.get(place);
    if (prev !== undefined && last !== undefined && prev !== last) {
      this.#again(held);
      return;
    }
    if (seq !== undefined) held.sequences.set(place, seq);
    this.#hand(held, frame);
  }

  #hand(held: Held, frame: Payload): void {
    // It was found by the frame's own channel, which the compiler cannot know.
    const taker: { take(frame: Payload): boolean } = held.subscription;
    if (!taker.take(frame)) this.#again(held);
  }

  #again(held: Held): void {
    this.outside.gap();
    forget(held);
    this.outside.changed();
    this.#askSoon();
  }

  #mayAsk(held: Held): boolean {
    return this.#connected && (this.#entitled || !held.subscription.personal);
  }

  /** Collects what is wanted at one moment, so that a reconnect is a few requests and not one for each symbol. */
  #askSoon(): void {
    if (this.#due) return;
    this.#due = true;
    queueMicrotask(() => {
      this.#due = false;
      for (const group of this.#unasked()) this.#ask(group);
      this.outside.changed();
    });
  }

  #unasked(): Held[][] {
    const groups = new Map<string, Held[]>();
    for (const held of this.#held.values()) {
      if (held.asked || held.unknown || !this.#mayAsk(held)) continue;
      const { channel, symbol, options } = held.subscription;
      const alike = JSON.stringify([channel, symbol === undefined, options]);
      groups.set(alike, [...(groups.get(alike) ?? []), held]);
    }
    return [...groups.values()];
  }

  #ask(group: Held[]): void {
    for (const held of group) held.asked = true;
    this.outside.ask("subscribe", parametersOf(group.map((held) => held.subscription))).then(
      () => this.#granted(group),
      (reason: unknown) => this.#denied(group, reason),
    );
  }

  /** Of several one may have been taken off the exchange meanwhile, and a refusal does not say which. */
  #denied(group: Held[], reason: unknown): void {
    const unknown = reason instanceof Refusal && reason.code === UNKNOWN;
    const [only] = group;
    if (!unknown || only === undefined) this.surroundings.after(ASK_AGAIN_MS, () => this.#askOnceMore(group));
    else if (group.length > 1) for (const held of group) this.#ask([held]);
    else {
      only.unknown = true;
      only.subscription.unknown?.();
      this.outside.changed();
    }
  }

  #granted(group: Held[]): void {
    for (const held of group) {
      const { symbol, personal } = held.subscription;
      if (symbol === undefined && !personal && held.asked) held.synced = true;
    }
    this.outside.changed();
  }

  #askOnceMore(group: Held[]): void {
    for (const held of group) if (!held.synced) held.asked = false;
    this.#askSoon();
  }
}

function placeOf(frame: Message): number | string {
  return frame.partition ?? frame.symbol ?? "";
}

function keyOf(channel: string, symbol = ""): string {
  return `${channel} ${symbol}`;
}

function parametersOf(alike: Subscription[]): object {
  const first = alike[0];
  const symbols = alike.flatMap((subscription) => subscription.symbol ?? []);
  return { channel: first?.channel, ...(symbols.length > 0 ? { symbols } : {}), ...first?.options };
}

function forget(held: Held): void {
  held.asked = false;
  held.synced = false;
  held.sequences.clear();
}
