// Rendering is bound to animation frames: state changes as often as the market does, what is shown at most
// once a frame. A hidden tab gets no frames, so it renders nothing and is right again with its next one.
//
// Where the machine does not keep up, every other frame is left alone for a while: whoever types, scrolls or presses
// a button is served at once, and the market's numbers move half as often.
import { batch } from "@preact/signals-core";

/** A frame that is waited for longer than this, in milliseconds, came late at 60 a second. */
export const LATE_MS = 25;
/** So many frames are gone easy on after a late one. */
export const EASY_FRAMES = 120;

export class Frames {
  readonly #waiting = new Set<() => void>();
  #askedAt = 0;
  #easyFrames = 0;
  #leftAlone = false;

  /** `request` runs its argument with the next frame: `requestAnimationFrame` in a browser. `now` in milliseconds. */
  constructor(
    private readonly request: (run: () => void) => void,
    private readonly now: () => number,
  ) {}

  /** Has `publish` run once with the next frame that is drawn, however often it is asked for. */
  next(publish: () => void): void {
    if (this.#waiting.size === 0) this.#ask();
    this.#waiting.add(publish);
  }

  #ask(): void {
    this.#askedAt = this.now();
    this.request(this.#run);
  }

  readonly #run = (): void => {
    if (this.now() - this.#askedAt > LATE_MS) this.#easyFrames = EASY_FRAMES;
    this.#leftAlone = this.#easyFrames > 0 && !this.#leftAlone;
    this.#easyFrames = Math.max(this.#easyFrames - 1, 0);
    if (this.#leftAlone) this.#ask();
    else this.#draw();
  };

  #draw(): void {
    const due = [...this.#waiting];
    this.#waiting.clear();
    batch(() => {
      for (const publish of due) publish();
    });
  }
}
