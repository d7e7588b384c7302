// Rendering is bound to animation frames: state changes as often as the market does, what is shown at most
// once a frame. A hidden tab gets no frames, so it renders nothing and is right again with its next one.
import { batch } from "@preact/signals-core";

export class Frames {
  readonly #waiting = new Set<() => void>();

  /** `request` runs its argument with the next frame: `requestAnimationFrame` in a browser. */
  constructor(private readonly request: (run: () => void) => void) {}

  /** Has `publish` run once with the next frame, however often it is asked for. */
  next(publish: () => void): void {
    if (this.#waiting.size === 0) this.request(this.#run);
    this.#waiting.add(publish);
  }

  readonly #run = (): void => {
    const due = [...this.#waiting];
    this.#waiting.clear();
    batch(() => {
      for (const publish of due) publish();
    });
  };
}
