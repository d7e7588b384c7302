// Who trades on this screen: a demo account at a click, or a token that was pasted.
//
// The token lives in the session's storage and nowhere else, is renewed before it expires where the exchange
// gives demo tokens, and is never shown or logged. What it allows is read here only to show the right screen: the
// exchange judges each request by itself.
import { computed, effect, signal } from "@preact/signals-core";
import type { Feed } from "./exchange_socket";

interface Granted {
  readonly token: string;
  readonly account: string;
  readonly scope: string;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

interface Surroundings {
  /** Asks the exchange for a demo token; null where it gives none. Rejects when it cannot be reached. */
  demoToken(account: string): Promise<string | null>;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  /** Milliseconds since 1970. */
  now(): number;
  after(delay: number, run: () => void): () => void;
}

export const DEMO_ACCOUNTS = Array.from({ length: 9 }, (_, index) => `demo-${index + 1}`);
const KEY = "openbell.token";
const RENEW_BEFORE_MS = 60_000;
const RENEW_AT_ONCE_MS = 1_000;
const ASK_AGAIN_MS = 2_000;

export class Identity {
  readonly account = signal<string | null>(null);
  /** What the token allows: `read`, `trade`, `admin`. */
  readonly scope = signal<ReadonlySet<string>>(new Set());
  /** Whether the exchange gives demo tokens; null until it has said. */
  readonly demo = signal<boolean | null>(null);
  /** Whether this account is one of the demo's, which gets a new token by itself. */
  readonly visiting = computed(() => this.demo.value !== false && DEMO_ACCOUNTS.includes(this.account.value ?? ""));
  /** Why there is no account, in words for the login form. */
  readonly problem = signal("");
  #token = "";
  #renewal: () => void = () => undefined;

  constructor(
    private readonly feed: Pick<Feed, "login" | "loginRefusal">,
    private readonly surroundings: Surroundings,
  ) {
    effect(() => {
      const refusal = feed.loginRefusal.value;
      if (refusal !== null) this.#refused(refusal.message);
    });
  }

  /** The token for requests over HTTP, "" without a login. */
  get token(): string {
    return this.#token;
  }

  /** Goes on as whoever this session was, else as the first demo account. */
  async start(): Promise<void> {
    const kept = this.#kept();
    if (kept === null) return this.become(DEMO_ACCOUNTS[0] ?? "");
    if (DEMO_ACCOUNTS.includes(kept.account)) this.demo.value = true;
    this.#use(kept);
  }

  /** Becomes a demo account; where there are none, whoever is logged in stays so. */
  async become(account: string): Promise<void> {
    this.#renewal();
    try {
      const token = await this.surroundings.demoToken(account);
      this.demo.value = token !== null;
      if (token !== null) this.paste(token);
    } catch {
      this.#renewal = this.surroundings.after(ASK_AGAIN_MS, () => void this.become(account));
    }
  }

  /** Becomes whoever a token names, false if it is none; the exchange judges it, this only reads what it needs. */
  paste(token: string): boolean {
    const granted = grantedBy(token.trim());
    if (granted === null) this.problem.value = "This is not a token: paste all three parts, with their points.";
    else this.#use(granted);
    return granted !== null;
  }

  /** Nobody from here on: the token is forgotten. */
  leave(): void {
    this.#renewal();
    this.#forget();
    this.problem.value = "";
  }

  #use(granted: Granted): void {
    this.surroundings.storage.setItem(KEY, granted.token);
    this.#token = granted.token;
    this.problem.value = "";
    this.account.value = granted.account;
    this.scope.value = new Set(granted.scope.split(" "));
    this.feed.login(granted.token);
    this.#renewal();
    const left = granted.expires - this.surroundings.now() - RENEW_BEFORE_MS;
    this.#renewal = this.surroundings.after(Math.max(left, RENEW_AT_ONCE_MS), () => this.#expires(granted.account));
  }

  #expires(account: string): void {
    if (this.visiting.value) void this.become(account);
    else this.#refused("The token is about to expire: paste a new one.");
  }

  /** A demo account just gets another token: the exchange may have started anew with another secret. */
  #refused(message: string): void {
    const account = this.account.peek();
    this.#renewal();
    if (this.visiting.peek() && account !== null) {
      this.surroundings.storage.removeItem(KEY);
      this.#renewal = this.surroundings.after(ASK_AGAIN_MS, () => void this.become(account));
      return;
    }
    this.#forget();
    this.problem.value = message;
  }

  #forget(): void {
    this.surroundings.storage.removeItem(KEY);
    this.#token = "";
    this.account.value = null;
    this.scope.value = new Set();
  }

  #kept(): Granted | null {
    const kept = grantedBy(this.surroundings.storage.getItem(KEY) ?? "");
    return kept !== null && kept.expires > this.surroundings.now() ? kept : null;
  }
}

/** What a token says about itself, unchecked: whether it is true is for the exchange to say. */
function grantedBy(token: string): Granted | null {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const claims = JSON.parse(atob(payload)) as { account: string; exp: number; scope?: string };
    return { token, account: String(claims.account), scope: String(claims.scope ?? ""), expires: claims.exp * 1_000 };
  } catch {
    return null;
  }
}
