import { describe, expect, it } from "vitest";
import { Candles, TRADES_MAX, type Candle } from "../src/candles";
import { trades } from "./samples";

function bars(candles: Candles): string[] {
  const first = candles.bars[0]?.start ?? 0;
  const written = ({ start, open, high, low, close, volume }: Candle): string => `+${start - first}: ${open} ${high} ${low} ${close} × ${volume}`;
  return candles.bars.map(written);
}

describe("candles", () => {
  it("hold the first, highest, lowest and last price of their stretch, and what traded in it", () => {
    const candles = new Candles(5);
    candles.take(trades([10, 12, 9, 11, 10, 20]));
    expect(bars(candles)).toEqual(["+0: 10 12 9 10 × 10", "+5: 20 20 20 20 × 2"]);
  });

  it("leave out stretches in which nothing traded", () => {
    const candles = new Candles(1);
    candles.take([...trades([10]), ...trades([11], 9)]);
    expect(bars(candles)).toEqual(["+0: 10 10 10 10 × 2", "+8: 11 11 11 11 × 2"]);
  });

  it("say from which bar on they changed", () => {
    const candles = new Candles(5);
    expect(candles.take(trades([10, 11]))).toBe(0);
    expect(candles.take(trades([12], 3))).toBe(0);
    expect(candles.take(trades([13, 14, 15], 4))).toBe(0);
    expect(candles.take(trades([16], 7))).toBe(1);
    expect(candles.take([])).toBe("none");
  });

  it("count a trade once, and take older pages whenever they come", () => {
    const candles = new Candles(5);
    candles.take(trades([12, 11], 4));
    expect(candles.take(trades([12, 11], 4))).toBe("none");
    expect(candles.take(trades([10, 9, 8, 12], 1))).toBe("all");
    expect([bars(candles), candles.firstId]).toEqual([["+0: 10 12 8 11 × 10"], 1]);
  });

  it("are made anew of the same trades in another length", () => {
    const candles = new Candles(1);
    candles.take(trades([10, 12, 9]));
    candles.regroup(60);
    expect(bars(candles)).toEqual(["+0: 10 12 9 9 × 6"]);
  });

  it("never open a bar again that is complete, even if a clock stepped back", () => {
    const candles = new Candles(1);
    const [first, second] = trades([10, 11]);
    if (first === undefined || second === undefined) throw new Error("two trades were made");
    candles.take([{ ...first, time: second.time }, { ...second, time: first.time }]);
    expect(bars(candles)).toEqual(["+0: 10 11 10 11 × 4"]);
  });

  it("forget the oldest trades when there are too many", () => {
    const candles = new Candles(60);
    candles.take(trades(Array.from({ length: TRADES_MAX }, () => 10)));
    expect(candles.take(trades([11], TRADES_MAX + 1))).toBe("all");
    expect(candles.firstId).toBe(TRADES_MAX / 10 + 1);
  });
});
