// Everything that the operator's console knows, put together once for as long as it is shown.
import { signal } from "@preact/signals-core";
import type { GetAdminAuditAnswer, GetAdminKillSwitchAnswer, GetAdminSessionsAnswer } from "../protocol";
import type { Screen } from "../screen";
import { KillForm } from "./kill_switch";
import { LimitsForm } from "./limits";
import { Partitions } from "./partitions";
import { PhaseSteps } from "./phases";
import { Poll } from "./poll";

export type Action = GetAdminAuditAnswer["actions"][number];
export type Session = GetAdminSessionsAnswer["sessions"][number];

const SESSIONS_EVERY_MS = 2_000;
const SWITCHES_EVERY_MS = 2_000;
const AUDIT_EVERY_MS = 3_000;
const READY_EVERY_MS = 2_000;
const AUDIT_ROWS = 50;

export class Operator {
  readonly partitions: Partitions;
  readonly sessions: Poll<readonly Session[]>;
  readonly switches: Poll<GetAdminKillSwitchAnswer>;
  readonly audit: Poll<GetAdminAuditAnswer>;
  /** Whether the gateway that answers could take orders. */
  readonly ready: Poll<boolean>;
  readonly phases: PhaseSteps;
  readonly killForm: KillForm;
  readonly limitsForm: LimitsForm;
  /** Older actions that were asked for, newest first. */
  readonly older = signal<readonly Action[]>([]);
  readonly #api: Screen["api"];
  #cursor: string | undefined;

  constructor({ api, clock }: Screen, outside: { now(): number; after(delay: number, run: () => void): () => void }) {
    this.#api = api;
    this.partitions = new Partitions(api, outside);
    const sessions = async (): Promise<readonly Session[]> =>
      (await api.get<GetAdminSessionsAnswer>("/v1/admin/sessions")).sessions;
    this.sessions = new Poll(sessions, SESSIONS_EVERY_MS, outside);
    this.switches = new Poll(() => api.get<GetAdminKillSwitchAnswer>("/v1/admin/kill-switch"), SWITCHES_EVERY_MS, outside);
    this.audit = new Poll(() => api.get<GetAdminAuditAnswer>(`/v1/admin/audit?limit=${AUDIT_ROWS}`), AUDIT_EVERY_MS, outside);
    this.ready = new Poll(async () => (await api.get<{ status: string }>("/health/ready")).status === "ready", READY_EVERY_MS, outside);
    const changed = (): void => {
      this.switches.again();
      this.audit.again();
    };
    this.phases = new PhaseSteps(api, () => clock.now.peek(), changed);
    this.killForm = new KillForm(api, changed);
    this.limitsForm = new LimitsForm(api, changed);
  }

  start(): void {
    for (const poll of this.#polls) poll.start();
  }

  stop(): void {
    for (const poll of this.#polls) poll.stop();
  }

  /** The page of the audit before the oldest action that is shown. */
  async showOlder(): Promise<void> {
    const cursor = this.#cursor ?? this.audit.answer.value?.cursor;
    if (cursor === undefined) return;
    const page = await this.#api.get<GetAdminAuditAnswer>(`/v1/admin/audit?limit=${AUDIT_ROWS}&cursor=${encodeURIComponent(cursor)}`);
    this.#cursor = page.cursor;
    this.older.value = [...this.older.value, ...page.actions];
  }

  get #polls(): readonly Pick<Poll<unknown>, "start" | "stop">[] {
    return [this.partitions.poll, this.sessions, this.switches, this.audit, this.ready];
  }
}
