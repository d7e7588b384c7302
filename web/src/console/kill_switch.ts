// The kill switch: whom it stops, what it would cancel, and that nothing happens before the name is typed.
import { computed, effect, signal } from "@preact/signals-core";
import type { Api } from "../api";
import type { GetAdminKillSwitchAnswer, PostAdminKillSwitchAnswer } from "../protocol";

/** Whom a kill switch stops: an account, an instrument, or with neither all. */
export type Target = GetAdminKillSwitchAnswer["switches"][number];

export type Scope = "account" | "symbol" | "exchange";

/** What has to be typed to stop everything. */
export const EVERYTHING = "EXCHANGE";
const PATH = "/v1/admin/kill-switch";

export class KillForm {
  readonly scope = signal<Scope>("symbol");
  readonly name = signal("");
  /** Of an instrument or the whole exchange: cancel resting orders too. Those of an account always are. */
  readonly cancel = signal(false);
  readonly reason = signal("");
  readonly typed = signal("");
  readonly sending = signal(false);
  /** How many open orders there are of whom it is about; null while that is not known. */
  readonly openOrders = signal<number | null>(null);
  readonly fault = signal("");
  readonly done = signal("");

  /** What has to be typed, "" while nobody is named. */
  readonly word = computed(() => (this.scope.value === "exchange" ? EVERYTHING : this.name.value.trim()));
  readonly cancels = computed(() => this.scope.value === "account" || this.cancel.value);
  readonly ready = computed(() => this.word.value !== "" && this.typed.value.trim() === this.word.value && !this.sending.value);
  #counts = 0;

  constructor(
    private readonly api: Pick<Api, "get" | "ask">,
    private readonly changed: () => void,
  ) {
    effect(() => void this.#count(this.scope.value, this.word.value));
  }

  /** Stops whom it is about, if the name was typed. */
  async send(): Promise<void> {
    if (!this.ready.value) return;
    this.sending.value = true;
    await this.#set(this.#target(), true, this.cancels.value);
    this.sending.value = false;
    this.typed.value = "";
  }

  /** Lets go on who was stopped. */
  lift(target: Target): Promise<void> {
    return this.#set(target, false, false);
  }

  async #set(target: Target, active: boolean, cancel: boolean): Promise<void> {
    this.fault.value = this.done.value = "";
    const named = Object.fromEntries(Object.entries(target).filter(([, name]) => name !== null));
    const reason = this.reason.value.trim();
    const body = { ...named, active, ...(cancel ? { cancel } : {}), ...(reason === "" ? {} : { reason }) };
    try {
      this.done.value = sentenceOf(await this.api.ask<PostAdminKillSwitchAnswer>("POST", PATH, body));
    } catch (failure) {
      this.fault.value = (failure as Error).message;
    }
    this.changed();
    void this.#count(this.scope.peek(), this.word.peek());
  }

  #target(): Target {
    const [scope, name] = [this.scope.value, this.word.value];
    return { account: scope === "account" ? name : null, symbol: scope === "symbol" ? name : null };
  }

  async #count(scope: Scope, word: string): Promise<void> {
    this.#counts += 1;
    const turn = this.#counts;
    this.openOrders.value = null;
    if (word === "") return;
    const query = scope === "exchange" ? "" : `?${scope}=${encodeURIComponent(word)}`;
    const found = await this.api.get<GetAdminKillSwitchAnswer>(PATH + query).catch(() => null);
    if (turn === this.#counts) this.openOrders.value = found?.open_orders ?? null;
  }
}

/** Whom a switch stops, in words. */
export function targetOf({ account, symbol }: Target): string {
  return account !== null ? `account ${account}` : symbol !== null ? `instrument ${symbol}` : "the whole exchange";
}

function sentenceOf(kill: PostAdminKillSwitchAnswer): string {
  const orders = `${kill.canceled} ${kill.canceled === 1 ? "order" : "orders"}`;
  const who = targetOf(kill);
  return kill.active ? `Stopped ${who}: ${orders} canceled.` : `Let ${who} go on.`;
}
