// What just happened, in a sentence, for a while: fills, and refusals that belong to no field.
import { signal } from "@preact/signals-core";

export interface Notice {
  readonly id: number;
  /** Notices about one thing replace each other: ten fills of an order are one notice that grows. */
  readonly about: string;
  readonly tone: "buy" | "sell" | "fault" | "plain";
  readonly text: string;
}

const SHOWN_MS = 8_000;
const NOTICES_MAX = 4;

export class Notices {
  readonly shown = signal<readonly Notice[]>([]);
  #lastId = 0;

  constructor(private readonly after: (delay: number, run: () => void) => void) {}

  /** Shows a sentence; the oldest makes room when there are too many to read. */
  say(tone: Notice["tone"], text: string, about: string): void {
    this.#lastId += 1;
    const id = this.#lastId;
    const others = this.shown.value.filter((notice) => notice.about !== about);
    this.shown.value = [...others, { id, about, tone, text }].slice(-NOTICES_MAX);
    this.after(SHOWN_MS, () => this.dismiss(id));
  }

  dismiss(id: number): void {
    this.shown.value = this.shown.value.filter((notice) => notice.id !== id);
  }
}
