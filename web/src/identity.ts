// Who trades on this screen: a demo account at a click, or a token that was pasted.
//
// The token lives in the session's storage and nowhere else, is renewed before it expires where the exchange
// gives demo tokens, and is never shown or logged.
import { effect, signal } from "@preact/signals-core";
import type { Feed } from "./feed";

interface Granted {
  readonly token: string;
  readonly account: string;
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
  /** Whether the exchange gives demo tokens; null until it has said. */
  readonly demo = signal<boolean | null>(null);
  /** Why there is no account, in words for the login form. */
  readonly problem = signal("");
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

  /** Goes on as whoever this session was, else as the first demo account. */
  async start(): Promise<void> {
    const kept = this.#kept();
    if (kept === null) return this.become(DEMO_ACCOUNTS[0] ?? "");
    this.demo.value = DEMO_ACCOUNTS.includes(kept.account);
    this.#use(kept);
  }

  /** Becomes a demo account; where there are none, the login form is what is left. */
  async become(account: string): Promise<void> {
    this.#renewal();
    try {
      const token = await this.surroundings.demoToken(account);
      this.demo.value = token !== null;
      if (token === null) this.account.value = null;
      else this.paste(token);
    } catch {
      this.#renewal = this.surroundings.after(ASK_AGAIN_MS, () => void this.become(account));
    }
  }

  /** Becomes whoever a token names; the exchange judges it, this only reads what it needs. */
  paste(token: string): void {
    const granted = grantedBy(token.trim());
    if (granted === null) this.problem.value = "This is not a token: paste all three parts, with their points.";
    else this.#use(granted);
  }

  #use(granted: Granted): void {
    this.surroundings.storage.setItem(KEY, granted.token);
    this.problem.value = "";
    this.account.value = granted.account;
    this.feed.login(granted.token);
    this.#renewal();
    const left = granted.expires - this.surroundings.now() - RENEW_BEFORE_MS;
    this.#renewal = this.surroundings.after(Math.max(left, RENEW_AT_ONCE_MS), () => this.#expires(granted.account));
  }

  #expires(account: string): void {
    if (this.demo.value === true) void this.become(account);
    else this.#refused("The token is about to expire: paste a new one.");
  }

  /** A demo account just gets another token: the exchange may have started anew with another secret. */
  #refused(message: string): void {
    const account = this.account.peek();
    this.surroundings.storage.removeItem(KEY);
    this.#renewal();
    if (this.demo.peek() === true && account !== null) {
      this.#renewal = this.surroundings.after(ASK_AGAIN_MS, () => void this.become(account));
      return;
    }
    this.account.value = null;
    this.problem.value = message;
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
    const claims = JSON.parse(atob(payload)) as { account: string; exp: number };
    return { token, account: String(claims.account), expires: claims.exp * 1_000 };
  } catch {
    return null;
  }
}
