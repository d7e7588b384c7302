// An answer that is asked for again and again while somebody looks: the console's numbers are never older than that.
//
// Always: one question at a time; a failure leaves the last answer in place and says so beside it.
import { signal } from "@preact/signals-core";

interface Surroundings {
  /** Runs once after `delay` milliseconds; what it returns calls it off. */
  after(delay: number, run: () => void): () => void;
}

export class Poll<Answer> {
  readonly answer = signal<Answer | null>(null);
  /** Why the last question had no answer, "" if it had. */
  readonly fault = signal("");
  #turn = 0;
  #next: () => void = () => undefined;

  constructor(
    private readonly ask: () => Promise<Answer>,
    private readonly everyMs: number,
    private readonly surroundings: Surroundings,
  ) {}

  start(): void {
    this.#turn += 1;
    void this.#ask(this.#turn);
  }

  stop(): void {
    this.#turn += 1;
    this.#next();
  }

  /** Asks at once: something was done that changes the answer. */
  again(): void {
    this.#next();
    this.start();
  }

  async #ask(turn: number): Promise<void> {
    try {
      const answer = await this.ask();
      if (turn !== this.#turn) return;
      this.answer.value = answer;
      this.fault.value = "";
    } catch (reason) {
      if (turn !== this.#turn) return;
      this.fault.value = (reason as Error).message;
    }
    this.#next = this.surroundings.after(this.everyMs, () => void this.#ask(turn));
  }
}
