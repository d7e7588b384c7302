// How long the exchange took for the last answers: a bounded ring of milliseconds and its percentiles.
import { signal } from "@preact/signals-core";

const KEPT = 200;

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

export class Latency {
  /** Null before the first answer. */
  readonly percentiles = signal<Percentiles | null>(null);
  readonly #kept: number[] = [];
  #next = 0;

  add(milliseconds: number): void {
    this.#kept[this.#next] = milliseconds;
    this.#next = (this.#next + 1) % KEPT;
    const sorted = [...this.#kept].sort((one, other) => one - other);
    this.percentiles.value = { p50: at(sorted, 0.5), p99: at(sorted, 0.99) };
  }
}

/** The nearest rank: the smallest value that this share of all values does not exceed. */
function at(sorted: readonly number[], share: number): number {
  return sorted[Math.max(Math.ceil(sorted.length * share) - 1, 0)] ?? 0;
}
