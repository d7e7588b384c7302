// What the reference data says of prices.
import { describe, expect, it } from "vitest";
import { UNIT, units } from "../src/decimal";
import { onTick } from "../src/instrument";
import { instrument } from "./samples";

describe("a reference price is the nearest that an order could have", () => {
  const table = instrument({ ticks: [{ from: "0", tick: "2" }, { from: "10", tick: "5" }] });

  it.each([
    ["1", 2n],
    ["3", 4n],
    ["8.9", 8n],
    ["9", 10n],
    ["12", 10n],
    ["12.5", 15n],
    ["0.01", 2n],
  ])("%s", (price, found) => {
    expect(onTick(table, units(price))).toBe(found * UNIT);
  });
});
