// One account as an operator sees it, and the limits that are changed there: only what is different is sent.
import { signal, type Signal } from "@preact/signals-core";
import type { Api } from "../api";
import type { Account, Limits } from "../protocol";

export const AMOUNTS = ["max_quantity", "max_value", "max_open_orders", "max_long", "max_short", "maker_bps", "taker_bps", "cross_bps"] as const;
export type Amount = (typeof AMOUNTS)[number];

export class LimitsForm {
  readonly account = signal<Account | null>(null);
  /** "" for all instruments that have no own limits. */
  readonly symbol = signal("");
  readonly enabled = signal(true);
  readonly amounts = Object.fromEntries(AMOUNTS.map((name) => [name, signal("")])) as Record<Amount, Signal<string>>;
  readonly reason = signal("");
  readonly fault = signal("");
  readonly done = signal("");

  constructor(
    private readonly api: Pick<Api, "get" | "ask">,
    private readonly changed: () => void,
  ) {}

  async look(account: string): Promise<void> {
    this.fault.value = this.done.value = "";
    try {
      this.#show(await this.api.get<Account>(pathOf(account)));
    } catch (failure) {
      this.account.value = null;
      this.fault.value = (failure as Error).message;
    }
  }

  /** Whose limits are shown and changed: those of one instrument, or of all others. */
  choose(symbol: string): void {
    this.symbol.value = symbol;
    this.#fill();
  }

  async send(): Promise<void> {
    const account = this.account.value;
    if (account === null) return;
    const changes = this.changes();
    this.fault.value = this.done.value = "";
    if (Object.keys(changes).length === 0) {
      this.done.value = "Nothing is different.";
      return;
    }
    const [symbol, reason] = [this.symbol.value, this.reason.value.trim()];
    const body = { ...changes, ...(symbol === "" ? {} : { symbol }), ...(reason === "" ? {} : { reason }) };
    try {
      this.#show(await this.api.ask<Account>("PUT", `${pathOf(account.account)}/limits`, body));
      this.done.value = `Changed ${Object.keys(changes).join(", ").replaceAll("_", " ")}.`;
    } catch (failure) {
      this.fault.value = (failure as Error).message;
    }
    this.changed();
  }

  /** What is different from what is there; an empty field takes a limit away. */
  changes(): Record<string, string | number | boolean | null> {
    const there = this.#there();
    const changes: Record<string, string | number | boolean | null> = {};
    if (this.enabled.value !== (there?.enabled ?? true)) changes["enabled"] = this.enabled.value;
    for (const name of AMOUNTS) {
      const typed = this.amounts[name].value.trim();
      if (typed === String(there?.[name] ?? "")) continue;
      changes[name] = typed === "" ? null : name === "max_open_orders" ? Number(typed) : typed;
    }
    return changes;
  }

  #show(account: Account): void {
    this.account.value = account;
    this.#fill();
  }

  #fill(): void {
    const there = this.#there();
    this.enabled.value = there?.enabled ?? true;
    for (const name of AMOUNTS) this.amounts[name].value = String(there?.[name] ?? "");
  }

  #there(): Limits | null {
    return this.account.value?.limits.find((limits) => (limits.symbol ?? "") === this.symbol.value) ?? null;
  }
}

function pathOf(account: string): string {
  return `/v1/admin/accounts/${encodeURIComponent(account)}`;
}
