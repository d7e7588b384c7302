import { beforeEach, describe, expect, it } from "vitest";
import { EASY_FRAMES, Frames, LATE_MS } from "../src/frames";

let time: number;
let asked: (() => void)[];
let frames: Frames;
let drawn: number;

beforeEach(() => {
  time = 0;
  asked = [];
  drawn = 0;
  frames = new Frames((run) => asked.push(run), () => time);
});

const draw = (): void => {
  drawn += 1;
};

/** Something changes, and the next frame comes after so many milliseconds; how often it was drawn then. */
function frameAfter(milliseconds: number): number {
  const before = drawn;
  frames.next(draw);
  time += milliseconds;
  asked.shift()?.();
  return drawn - before;
}

describe("a frame", () => {
  it("draws once what has changed several times", () => {
    frames.next(draw);
    frames.next(draw);
    expect([asked.length, frameAfter(16), asked.length]).toEqual([1, 1, 0]);
  });

  it("is drawn every time as long as it comes in time", () => {
    expect(Array.from({ length: 5 }, () => frameAfter(LATE_MS))).toEqual([1, 1, 1, 1, 1]);
  });

  it("is left alone every other time after a late one, until that is long ago", () => {
    const easy = [frameAfter(LATE_MS + 1), ...Array.from({ length: EASY_FRAMES - 1 }, () => frameAfter(16))];
    expect(easy).toEqual(Array.from({ length: EASY_FRAMES }, (_, index) => index % 2));
    expect([frameAfter(16), frameAfter(16)]).toEqual([1, 1]);
  });

  it("that was left alone is followed by one that draws what waited, with nothing more to change", () => {
    expect([frameAfter(LATE_MS + 1), asked.length]).toEqual([0, 1]);
    asked.shift()?.();
    expect([drawn, asked.length]).toEqual([1, 0]);
  });
});
