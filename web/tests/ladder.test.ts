import { describe, expect, it } from "vitest";
import { Book } from "../src/book";
import { units } from "../src/decimal";
import { Ladder, ROWS, type Row } from "../src/ladder";
import type { Level } from "../src/protocol";
import { instrument, order } from "./samples";

function book(bids: Level[], asks: Level[]): Book {
  const made = new Book();
  made.apply({ channel: "book", type: "snapshot", symbol: "ACME", seq: 1, bids, asks, checksum: 0 });
  return made;
}

function rows(ladder: Ladder): Row[] {
  return ladder.rows.map((row) => row.value);
}

function at(ladder: Ladder, price: string): Row | undefined {
  return rows(ladder).find((row) => row.price === price);
}

describe("the ladder", () => {
  it("has the market in its middle, bids below and asks above, in steps of a tick", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), book([["100.00", "5"]], [["100.02", "7"]]), [], null);
    expect(rows(ladder)[(ROWS - 1) / 2]?.price).toBe("100.01");
    expect(at(ladder, "100.00")).toMatchObject({ bid: "5", ask: "", inside: "buy" });
    expect(at(ladder, "100.02")).toMatchObject({ bid: "", ask: "7", inside: "sell" });
  });

  it("stands still while the market moves inside it, and follows when it nears an end", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), book([["100.00", "5"]], [["100.02", "7"]]), [], null);
    const top = rows(ladder)[0]?.price;
    ladder.show(instrument(), book([["100.03", "5"]], [["100.05", "7"]]), [], null);
    expect(rows(ladder)[0]?.price).toBe(top);
    ladder.show(instrument(), book([["100.08", "5"]], [["100.10", "7"]]), [], null);
    expect(rows(ladder)[(ROWS - 1) / 2]?.price).toBe("100.09");
  });

  it("leaves rows alone that look as before", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), book([["100.00", "5"], ["99.99", "1"]], [["100.02", "7"]]), [], null);
    const before = rows(ladder);
    ladder.show(instrument(), book([["100.00", "6"], ["99.99", "1"]], [["100.02", "7"]]), [], null);
    const changed = rows(ladder).filter((row, index) => row !== before[index]);
    expect(changed.map((row) => [row.price, row.bid])).toEqual([["100.00", "6"]]);
  });

  it("adds up levels of a group where they can be had: bids at the row below, asks above", () => {
    const ladder = new Ladder();
    const levels = book([["100.04", "1"], ["100.01", "2"]], [["100.06", "4"], ["100.11", "8"]]);
    ladder.show(instrument(), levels, [], null);
    ladder.regroup(5);
    ladder.show(instrument(), levels, [], null);
    expect(at(ladder, "100.00")?.bid).toBe("3");
    expect(at(ladder, "100.10")?.ask).toBe("4");
    expect(at(ladder, "100.15")?.ask).toBe("8");
  });

  it("chooses steps by itself so that the best five levels of a sparse book are in sight", () => {
    const ladder = new Ladder();
    const bids = ["100.00", "99.90", "99.80", "99.70", "99.60", "1.00"].map((price): Level => [price, "1"]);
    ladder.show(instrument(), book(bids, [["100.40", "2"]]), [], null);
    expect(ladder.group.value).toBe(10);
    expect([at(ladder, "99.60")?.bid, at(ladder, "100.40")?.ask]).toEqual(["1", "2"]);
  });

  it("does not choose while a side is empty", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), book([["100.00", "1"]], []), [], null);
    expect([ladder.group.value, at(ladder, "100.01")?.bid]).toEqual([0, ""]);
    ladder.show(instrument(), book([["100.00", "1"]], [["100.90", "1"]]), [], null);
    expect(ladder.group.value).toBe(5);
  });

  it("has rows of the coarser tick where ticks grow with the price", () => {
    const ladder = new Ladder();
    const fathom = instrument({ ticks: [{ from: "0", tick: "0.005" }, { from: "10", tick: "0.01" }] });
    ladder.show(fathom, book([["9.985", "3"]], [["10.01", "4"]]), [], null);
    expect([at(ladder, "9.980")?.bid, at(ladder, "9.985"), at(ladder, "10.010")?.ask]).toEqual(["3", undefined, "4"]);
  });

  it("shows own orders on their rows, and the last price", () => {
    const ladder = new Ladder();
    const own = [order({ price: "100.00", open_quantity: "2" }), order({ price: "100.00", open_quantity: "3" }), order({ side: "sell", price: "100.03" })];
    ladder.show(instrument(), book([["100.00", "5"]], [["100.02", "7"]]), own, units("100.02"));
    expect(at(ladder, "100.00")).toMatchObject({ ownBuy: "5", ownSell: "", last: false });
    expect(at(ladder, "100.03")).toMatchObject({ ownBuy: "", ownSell: "10" });
    expect(at(ladder, "100.02")?.last).toBe(true);
  });

  it("stands round the last price when the book is empty, and prints no price below the first tick", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), new Book(), [], units("0.05"));
    expect(at(ladder, "0.05")?.last).toBe(true);
    expect(rows(ladder).filter((row) => row.price === "")).not.toEqual([]);
  });
});
