import { describe, expect, it } from "vitest";
import { faultsOf } from "../src/checks";
import type { Placement } from "../src/orders";
import { instrument } from "./samples";

const ORDER: Placement = { symbol: "ACME", side: "buy", type: "limit", quantity: "10", price: "101.25" };

describe("an order is checked before it is sent", () => {
  it("and one that the exchange would take has no faults", () => {
    expect(faultsOf(ORDER, instrument(), "101.25")).toEqual({});
    expect(faultsOf({ ...ORDER, price: "101.2500" }, instrument(), null)).toEqual({});
  });

  it.each([
    [{ quantity: "" }, {}, { quantity: "Enter a quantity." }],
    [{ quantity: "ten" }, {}, { quantity: "Write a number above 0, like 10." }],
    [{ quantity: "15" }, { lot_size: "10" }, { quantity: "Not a multiple of the lot size 10: 10 or 20 is." }],
    [{ quantity: "3" }, { lot_size: "10" }, { quantity: "Not a multiple of the lot size 10: 10 is." }],
    [{ quantity: "4" }, { min_quantity: "5" }, { quantity: "The smallest order is 5." }],
    [{ quantity: "4" }, { max_quantity: "3" }, { quantity: "The largest order is 3." }],
    [{ price: "" }, {}, { price: "Enter a price." }],
    [{ price: "-1" }, {}, { price: "Write a number above 0, like 101.25." }],
    [{ price: "101.255" }, {}, { price: "Not a multiple of the tick size 0.01: 101.25 or 101.26 is." }],
    [{ price: "99" }, { min_price: "100.00" }, { price: "The lowest price is 100.00." }],
    [{ price: "99" }, { max_price: "98.00" }, { price: "The highest price is 98.00." }],
    [{ stop_price: "101.255" }, {}, { stop_price: "Not a multiple of the tick size 0.01: 101.25 or 101.26 is." }],
    [{ display_quantity: "11" }, {}, { display_quantity: "It cannot show more than its quantity 10." }],
    [{ quantity: "1000", display_quantity: "9" }, {}, { display_quantity: "It has to show a hundredth at least: 10." }],
    [{ display_quantity: "0" }, {}, { display_quantity: "Write a number above 0, or leave it empty." }],
    [{ quantity: "30", display_quantity: "15" }, { lot_size: "10" }, { display_quantity: "Not a multiple of the lot size 10: 10 or 20 is." }],
    [{ time_in_force: "gtd" as const }, {}, { expires: "Choose when it expires." }],
    [{}, { min_value: "2000.00" }, { ticket: "An order must be worth at least 2000.00." }],
    [{}, { max_value: "1000.00" }, { ticket: "An order may be worth at most 1000.00." }],
  ])("%j against %j", (typed, listing, faults) => {
    expect(faultsOf({ ...ORDER, ...typed }, instrument(listing), null)).toEqual(faults);
  });

  it("by the tick that holds at its price", () => {
    const fathom = instrument({ ticks: [{ from: "0", tick: "0.005" }, { from: "10", tick: "0.01" }] });
    expect(faultsOf({ ...ORDER, price: "9.985" }, fathom, null)).toEqual({});
    expect(faultsOf({ ...ORDER, price: "10.005" }, fathom, null)).toEqual({
      price: "Not a multiple of the tick size 0.010: 10.000 or 10.010 is.",
    });
  });

  it("by the collar, whose edges are inside", () => {
    const greyling = instrument({ collar_bps: "2000" });
    expect(faultsOf({ ...ORDER, price: "120.00" }, greyling, "100.00")).toEqual({});
    expect(faultsOf({ ...ORDER, price: "120.01" }, greyling, "100.00")).toEqual({
      price: "Too far from the last price 100.00: 120.00 is the highest.",
    });
    expect(faultsOf({ ...ORDER, price: "79.99" }, greyling, "100.00")).toEqual({
      price: "Too far from the last price 100.00: 80.00 is the lowest.",
    });
  });

  it("by the collar round the price on the tick, should the tick have changed since the last trade", () => {
    const coarser = instrument({ ticks: [{ from: "0", tick: "5" }], collar_bps: "800" });
    expect(faultsOf({ ...ORDER, price: "110.00" }, coarser, "102.50")).toEqual({});
    expect(faultsOf({ ...ORDER, price: "95.00" }, coarser, "102.50")).toEqual({
      price: "Too far from the last price 102.50: 100 is the lowest.",
    });
  });

  it("and a market order has no price that could be wrong, but a value at the last one", () => {
    const { price: _, ...market } = { ...ORDER, type: "market" as const };
    expect(faultsOf(market, instrument({ max_value: "1.00" }), null)).toEqual({});
    expect(faultsOf(market, instrument({ max_value: "1.00" }), "101.25")).toEqual({ ticket: "An order may be worth at most 1.00." });
  });

  it("and a stop is valued at its stop price, while the collar is about its price alone", () => {
    const { price: _, ...stop } = { ...ORDER, type: "stop" as const, stop_price: "300.00" };
    expect(faultsOf(stop, instrument({ collar_bps: "100", max_value: "3000.00" }), "100.00")).toEqual({});
    expect(faultsOf(stop, instrument({ max_value: "2999.99" }), "100.00")).toEqual({ ticket: "An order may be worth at most 2999.99." });
  });
});
