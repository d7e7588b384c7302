import { describe, expect, it } from "vitest";
import { Frames } from "../src/frames";
import type { Trade, TradesFrame } from "../src/protocol";
import { Tape } from "../src/tape";
import { trade } from "./samples";

function frame(type: "snapshot" | "update", ...trades: Trade[]): TradesFrame {
  return { channel: "trades", type, symbol: "ACME", seq: 1, prev: 0, journal: "5.0", trades };
}

/** A tape whose frames are drawn at once, after each message. */
function tape(): { take(frame: TradesFrame): void; shown(): readonly Trade[] } {
  let draw = (): void => undefined;
  const made = new Tape(new Frames((run) => (draw = run)));
  return {
    take: (frame) => {
      made.take(frame);
      draw();
    },
    shown: () => made.trades.value,
  };
}

describe("the tape", () => {
  it("marks a trade that was undone, in its place", () => {
    const paper = tape();
    paper.take(frame("update", trade(1), trade(2), trade(3)));
    paper.take(frame("update", trade(2, { bust: true })));
    expect(paper.shown().map((each) => [each.trade_id, each.bust ?? false])).toEqual([
      [3, false],
      [2, true],
      [1, false],
    ]);
  });

  it("takes no bust of a trade that it does not show, but those of a snapshot", () => {
    const paper = tape();
    paper.take(frame("snapshot", trade(7, { bust: true }), trade(8)));
    paper.take(frame("update", trade(3, { bust: true })));
    expect(paper.shown().map((each) => each.trade_id)).toEqual([8, 7]);
  });
});
