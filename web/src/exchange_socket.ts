// The one WebSocket to the exchange: requests matched to answers by id, subscriptions that survive it.
//
// Always: a subscriber sees a snapshot first and then every update in order, or a new snapshot. An update whose
// `prev` is not what was seen, or that its subscriber says is wrong, starts that subscription again. A connection
// that falls silent is first called stale, then given up; a lost one is tried again after a random time that
// grows. No DOM here: the surroundings (socket, clock, chance) are handed in.
import { signal } from "@preact/signals-core";
import { Latency } from "./latency";
import { ConnectionLost, Refusal } from "./refusal";
import { Subscriptions, type Subscription } from "./subscriptions";
import type { Socket, Surroundings } from "./surroundings";
import type { ChannelFrame, Error as Failure, HeartbeatFrame, Time } from "./protocol";

/** live: all is current. resyncing: waiting for snapshots. stale: connected but silent. down: no connection. */
export type Connection = "live" | "resyncing" | "stale" | "down";

const WATCH_EVERY_MS = 500;
const PING_EVERY_MS = 5_000;
/** The heartbeat comes every second: three missed ones are no hiccup any more. */
export const STALE_AFTER_MS = 3_500;
export const SILENT_AFTER_MS = 10_000;
const ANSWER_WITHIN_MS = 10_000;
const RETRY_FIRST_MS = 250;
const RETRY_LAST_MS = 8_000;
/** What carries an order to the exchange; questions about orders do not. */
const TIMED = /^order\.(place|amend|cancel|cancel_all)$/;

interface Pending {
  resolve(result: unknown): void;
  reject(reason: Error): void;
  forget(): void;
  /** The exchange has answered, with yes or no. */
  answered(): void;
}

interface Answer {
  id?: string | number;
  result?: unknown;
  error?: Failure;
}

export class Feed {
  readonly connection = signal<Connection>("down");
  readonly roundTripMs = signal<number | null>(null);
  /** From sending an order, amend or cancel to the exchange's answer. */
  readonly orderAnswers = new Latency();
  /** How often something was missing or wrong and a snapshot was asked for again. */
  readonly gaps = signal(0);
  /** How many of our feeds the gateway itself says may be late. */
  readonly staleFeeds = signal(0);
  /** Counts successful logins of this page; 0 before the first. Private state is in doubt after each. */
  readonly logins = signal(0);
  /** Why the last login was refused; null after one that was not. */
  readonly loginRefusal = signal<Refusal | null>(null);

  readonly #subscriptions: Subscriptions;
  readonly #pending = new Map<number, Pending>();
  #socket: Socket | null = null;
  #open = false;
  #token: string | null = null;
  #lastId = 0;
  #failures = 0;
  #heardAt = 0;
  #pingedAt = 0;

  /** `onTime` hears the exchange's clock once a second. */
  constructor(
    private readonly surroundings: Surroundings,
    private readonly onTime: (time: Time) => void = () => undefined,
  ) {
    this.#subscriptions = new Subscriptions(surroundings, {
      ask: (method, parameters) => this.request(method, parameters),
      changed: () => this.#judge(),
      gap: () => {
        this.gaps.value += 1;
      },
    });
    this.#subscriptions.add({ channel: "heartbeat", take: (frame) => this.#verify(frame) });
  }

  start(): void {
    this.#connect();
    this.#watch();
  }

  /** Sends a request; rejects with a Refusal, or with ConnectionLost when the answer cannot come any more. */
  request(method: string, parameters: object = {}): Promise<unknown> {
    const socket = this.#socket;
    if (socket === null || !this.#open) return Promise.reject(new ConnectionLost(false));
    this.#lastId += 1;
    const id = this.#lastId;
    const sentAt = this.surroundings.now();
    const answered = (): void => {
      if (TIMED.test(method)) this.orderAnswers.add(this.surroundings.now() - sentAt);
    };
    return new Promise((resolve, reject) => {
      const forget = this.surroundings.after(ANSWER_WITHIN_MS, () => {
        this.#pending.delete(id);
        reject(new ConnectionLost(true));
      });
      this.#pending.set(id, { resolve, reject, forget, answered });
      socket.send(JSON.stringify({ id, method, params: parameters }));
    });
  }

  /** Logs in now and after every reconnect, until it is called with another token. */
  login(token: string): void {
    this.#token = token;
    if (this.#open) this.#login();
  }

  /** Nobody from here on: private channels end with a new connection, as the protocol has no logout. */
  logout(): void {
    this.#token = null;
    if (this.#socket !== null) this.#giveUp(this.#socket);
  }

  /** Holds a subscription until the returned function is called. */
  subscribe(subscription: Subscription): () => void {
    return this.#subscriptions.add(subscription);
  }

  #connect(): void {
    const socket = this.surroundings.open({
      opened: () => this.#opened(),
      heard: (text) => this.#heard(JSON.parse(text) as Answer | ChannelFrame),
      closed: () => this.#closed(socket),
    });
    this.#socket = socket;
    this.#heardAt = this.surroundings.now();
  }

  #opened(): void {
    this.#open = true;
    this.#heardAt = this.surroundings.now();
    this.#subscriptions.opened();
    this.#login();
    this.#ping();
    this.#judge();
  }

  #login(): void {
    if (this.#token === null) return;
    this.request("login", { token: this.#token }).then(
      () => {
        this.loginRefusal.value = null;
        this.#subscriptions.loggedIn();
        this.logins.value += 1;
      },
      (reason: unknown) => {
        if (reason instanceof Refusal) this.loginRefusal.value = reason;
      },
    );
  }

  #heard(message: Answer | ChannelFrame): void {
    this.#heardAt = this.surroundings.now();
    if ("channel" in message) {
      this.#failures = 0;
      this.#subscriptions.take(message);
    } else if (typeof message.id === "number") {
      this.#answered(message.id, message);
    }
    if (this.connection.value === "stale") this.#judge();
  }

  #answered(id: number, answer: Answer): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    pending.forget();
    pending.answered();
    if (answer.error === undefined) pending.resolve(answer.result);
    else pending.reject(new Refusal(answer.error));
  }

  #closed(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#open = false;
    this.#subscriptions.closed();
    this.#judge();
    for (const pending of this.#pending.values()) {
      pending.forget();
      pending.reject(new ConnectionLost(true));
    }
    this.#pending.clear();
    this.surroundings.after(this.#retryDelay(), () => this.#connect());
  }

  /** Anything up to twice as long as last time, so that a thousand screens do not come back at once. */
  #retryDelay(): number {
    const longest = Math.min(RETRY_LAST_MS, RETRY_FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    return longest * (0.2 + 0.8 * this.surroundings.random());
  }

  /** A heartbeat also tells what was sent last, or the loss of a last message would stay unseen. */
  #verify({ symbols, stale, time }: HeartbeatFrame): boolean {
    this.onTime(time);
    this.staleFeeds.value = stale.length;
    for (const [symbol, sent] of Object.entries(symbols)) {
      if (sent.seq !== undefined) this.#subscriptions.verify("book", symbol, sent.seq);
      // Not trade_id: it counts no busts, so after one the loss of the last trade would stay unseen.
      if (sent.trade_seq !== undefined) this.#subscriptions.verify("trades", symbol, sent.trade_seq);
    }
    return true;
  }

  #watch(): void {
    this.surroundings.after(WATCH_EVERY_MS, () => this.#watch());
    const now = this.surroundings.now();
    if (this.#socket !== null && now - this.#heardAt > SILENT_AFTER_MS) this.#giveUp(this.#socket);
    else if (this.#open && now - this.#pingedAt > PING_EVERY_MS) this.#ping();
    this.#judge();
  }

  /** A socket that hangs may take minutes to close, so it is not waited for. */
  #giveUp(socket: Socket): void {
    socket.close();
    this.#closed(socket);
  }

  #ping(): void {
    const sentAt = this.surroundings.now();
    this.#pingedAt = sentAt;
    this.request("ping").then(
      () => {
        this.roundTripMs.value = this.surroundings.now() - sentAt;
      },
      () => undefined,
    );
  }

  #judge(): void {
    const silent = this.surroundings.now() - this.#heardAt;
    if (!this.#open) this.connection.value = "down";
    else if (silent > STALE_AFTER_MS) this.connection.value = "stale";
    else this.connection.value = this.#subscriptions.complete ? "live" : "resyncing";
  }
}
