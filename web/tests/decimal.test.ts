import { describe, expect, it } from "vitest";
import { ceilTo, decimalsOf, floorTo, toText, toUnits } from "../src/decimal";

describe("decimals", () => {
  it.each([
    ["101.25", 10_125_000_000n],
    ["0.00000001", 1n],
    ["-3", -300_000_000n],
    ["100.100000000000", 10_010_000_000n],
    ["40000000000", 4_000_000_000_000_000_000n],
  ])("take %s exactly", (text, units) => {
    expect(toUnits(text)).toBe(units);
  });

  it.each(["", "1e2", " 1", "+1", ".5", "1.", "01", "NaN", "0x64", "1,5", "0.000000001", "1".repeat(41)])(
    "refuse %j as the exchange does",
    (text) => {
      expect(toUnits(text)).toBeNull();
    },
  );

  it("print at least the tick's decimals, and more only where the number has them", () => {
    expect(toText(10_120_000_000n, 2)).toBe("101.20");
    expect(toText(10_120_500_000n, 2)).toBe("101.205");
    expect(toText(-50_000_000n, 0)).toBe("-0.5");
    expect(toText(700_000_000n, 0)).toBe("7");
  });

  it("know how many decimals a step needs", () => {
    expect([1_000_000n, 5_000_000n, 100_000_000n, 1n].map(decimalsOf)).toEqual([2, 2, 0, 8]);
  });

  it("round onto a grid, down or up, and leave what is on it", () => {
    expect([floorTo(107n, 5n), ceilTo(107n, 5n), floorTo(105n, 5n), ceilTo(105n, 5n)]).toEqual([105n, 110n, 105n, 105n]);
  });
});
