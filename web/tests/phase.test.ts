import { describe, expect, it } from "vitest";
import { sentenceOf } from "../src/phase";
import { status } from "./samples";

describe("the line about the phase", () => {
  it("names the phase, and the operator's reason", () => {
    expect(sentenceOf(status())).toBe("Continuous trading");
    expect(sentenceOf(status({ phase: "halted", reason: "news pending" }))).toBe("Halted · news pending");
  });

  it("tells of an auction what an uncross now would do", () => {
    const call = { phase: "auction", kind: "closing", paired_quantity: "5", imbalance: "7" } as const;
    expect(sentenceOf(status({ ...call, indicative_price: "101.25", imbalance_side: "buy" }))).toBe(
      "Auction (closing) · 5 at 101.25 · 7 more to buy",
    );
    expect(sentenceOf(status({ ...call, paired_quantity: "0", imbalance: "0" }))).toBe("Auction (closing) · no price yet");
  });

  it("says when the call ends, in the time zone of whoever looks", () => {
    const until = "2026-11-22T16:35:00.000000000Z";
    const clock = new Date(until).toLocaleTimeString("en-GB");
    expect(sentenceOf(status({ phase: "closed", until }))).toBe(`Closed until ${clock}`);
  });

  it("tells the bands, open at either end", () => {
    expect(sentenceOf(status({ band_low: "95.00", band_high: "105.00" }))).toBe(
      "Continuous trading · trades from 95.00 to 105.00",
    );
    expect(sentenceOf(status({ band_high: "105.00" }))).toBe("Continuous trading · trades from any price to 105.00");
  });
});
