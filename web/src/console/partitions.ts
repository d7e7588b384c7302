// The partitions as their leaders describe them, and how fast their journals grow between two looks.
import { computed, signal } from "@preact/signals-core";
import type { Api } from "../api";
import type { GetAdminPartitionsAnswer } from "../protocol";
import { Poll } from "./poll";

export type Partition = GetAdminPartitionsAnswer["partitions"][number];

const EVERY_MS = 1_000;

interface Look {
  readonly at: number;
  readonly sequence: number;
}

export class Partitions {
  readonly poll: Poll<readonly Partition[]>;
  /** Journal messages a second since the last look, by partition. */
  readonly rates = signal<ReadonlyMap<number, number>>(new Map());
  readonly fault = signal("");
  readonly handing = signal<number | null>(null);
  /** Which partitions would not answer an order now without having stopped, and why; "" if there is none. */
  readonly alarm = computed(() =>
    (this.poll.answer.value ?? [])
      .filter(({ available, stopped }) => !available && stopped === null)
      .map(({ partition, why }) => `Partition ${partition} does not trade: ${why ?? "nobody leads it"}.`)
      .join(" "),
  );
  #looks = new Map<number, Look>();

  constructor(
    private readonly api: Pick<Api, "get" | "ask">,
    private readonly surroundings: { now(): number; after(delay: number, run: () => void): () => void },
  ) {
    this.poll = new Poll(() => this.#ask(), EVERY_MS, surroundings);
  }

  async handOver(partition: number): Promise<void> {
    this.handing.value = partition;
    this.fault.value = "";
    try {
      await this.api.ask("POST", `/v1/admin/partitions/${partition}/handover`);
    } catch (failure) {
      this.fault.value = `Handover of partition ${partition}: ${(failure as Error).message}`;
    }
    this.handing.value = null;
    this.poll.again();
  }

  async #ask(): Promise<readonly Partition[]> {
    const { partitions } = await this.api.get<GetAdminPartitionsAnswer>("/v1/admin/partitions");
    const at = this.surroundings.now();
    const rates = new Map<number, number>();
    for (const { partition, sequence } of partitions) {
      const before = this.#looks.get(partition);
      if (sequence === undefined) continue;
      if (before !== undefined && at > before.at) rates.set(partition, ((sequence - before.sequence) * 1_000) / (at - before.at));
      this.#looks.set(partition, { at, sequence });
    }
    this.rates.value = rates;
    return partitions;
  }
}

/** What there is to say of a partition in two or three words. */
export function stateOf({ available, stopped, refused_by: refused }: Partition): string {
  if (stopped !== null) return `stopped at ${stopped.sequence}`;
  if (!available) return "not led";
  return refused.length === 0 ? "led" : `led, refused by ${refused.length}`;
}

/** Why partitions are shut, and who does not lead them, in the sentences of those who found it. */
export function reasonsOf(partitions: readonly Partition[]): readonly string[] {
  return partitions.flatMap(({ stopped, refused_by: refused }) => [
    ...(stopped === null ? [] : [stopped.why]),
    ...refused.map((each) => `${each.worker} refuses it and looks again at ${each.next_look.slice(11, 19)}: ${each.why}`),
  ]);
}

/** From here on a partition that fills up is worth an operator's look; placements are refused from 0.9 on. */
export const FILLING_SHARE = 0.8;

export function isFilling({ room }: Partition): boolean {
  return room !== null && room !== undefined && room.share >= FILLING_SHARE;
}

/** How full a partition's streams are, in words; with what they still take once that is not everything. */
export function fullnessOf({ room }: Partition): string {
  if (room === null || room === undefined) return "–";
  const share = `${Math.floor(room.share * 100)} %`;
  return room.takes === "everything" ? share : `${share}, takes ${room.takes}`;
}
