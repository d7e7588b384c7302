import { describe, expect, it } from "vitest";
import { Book } from "../src/book";
import { units } from "../src/decimal";
import { Ladder, type Row, type Shown } from "../src/ladder";
import type { Level } from "../src/protocol";
import { instrument, order } from "./samples";

function book(bids: Level[], asks: Level[]): Book {
  const made = new Book();
  made.apply({ channel: "book", type: "snapshot", symbol: "ACME", seq: 1, bids, asks, checksum: 0 });
  return made;
}

function rows(ladder: Ladder): Row[] {
  return ladder.rows.value.map((row) => row.value);
}

function middle(ladder: Ladder): string | undefined {
  return rows(ladder)[(rows(ladder).length - 1) / 2]?.price;
}

function showing(shown: Book, rest: Partial<Shown> = {}): Shown {
  return { book: shown, own: [], last: null, volumes: new Map(), bands: null, ...rest };
}

function at(ladder: Ladder, price: string): Row | undefined {
  return rows(ladder).find((row) => row.price === price);
}

describe("the ladder", () => {
  it("has the market in its middle, bids below and asks above, in steps of a tick", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), showing(book([["100.00", "5"]], [["100.02", "7"]])));
    expect(middle(ladder)).toBe("100.01");
    expect(at(ladder, "100.00")).toMatchObject({ bid: "5", ask: "", inside: "buy" });
    expect(at(ladder, "100.02")).toMatchObject({ bid: "", ask: "7", inside: "sell" });
  });

  it("stands still while the market moves inside it, and follows when it nears an end", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), showing(book([["100.00", "5"]], [["100.02", "7"]])));
    const top = rows(ladder)[0]?.price;
    ladder.show(instrument(), showing(book([["100.03", "5"]], [["100.05", "7"]])));
    expect(rows(ladder)[0]?.price).toBe(top);
    ladder.show(instrument(), showing(book([["100.08", "5"]], [["100.10", "7"]])));
    expect(middle(ladder)).toBe("100.09");
  });

  it("stands still when the book becomes empty, wherever the last price is", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), showing(book([["100.00", "5"]], [["100.02", "7"]])));
    ladder.show(instrument(), showing(new Book(), { last: units("90.00") }));
    expect(middle(ladder)).toBe("100.01");
  });

  it("leaves rows alone that look as before", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), showing(book([["100.00", "5"], ["99.99", "1"]], [["100.02", "7"]])));
    const before = rows(ladder);
    ladder.show(instrument(), showing(book([["100.00", "6"], ["99.99", "1"]], [["100.02", "7"]])));
    const changed = rows(ladder).filter((row, index) => row !== before[index]);
    expect(changed.map((row) => [row.price, row.bid])).toEqual([["100.00", "6"]]);
  });

  it("adds up levels of a group where they can be had: bids at the row below, asks above", () => {
    const ladder = new Ladder();
    const levels = book([["100.04", "1"], ["100.01", "2"]], [["100.06", "4"], ["100.11", "8"]]);
    ladder.show(instrument(), showing(levels));
    ladder.regroup(5);
    ladder.show(instrument(), showing(levels));
    expect(at(ladder, "100.00")?.bid).toBe("3");
    expect(at(ladder, "100.10")?.ask).toBe("4");
    expect(at(ladder, "100.15")?.ask).toBe("8");
  });

  it("chooses steps by itself so that the best five levels of a sparse book are in sight", () => {
    const ladder = new Ladder();
    const bids = ["100.00", "99.90", "99.80", "99.70", "99.60", "1.00"].map((price): Level => [price, "1"]);
    ladder.show(instrument(), showing(book(bids, [["100.40", "2"]])));
    expect(ladder.group.value).toBe(10);
    expect([at(ladder, "99.60")?.bid, at(ladder, "100.40")?.ask]).toEqual(["1", "2"]);
  });

  it("does not choose while a side is empty", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), showing(book([["100.00", "1"]], [])));
    expect([ladder.group.value, at(ladder, "100.01")?.bid]).toEqual([0, ""]);
    ladder.show(instrument(), showing(book([["100.00", "1"]], [["100.90", "1"]])));
    expect(ladder.group.value).toBe(5);
  });

  it("has rows of the coarser tick where ticks grow with the price", () => {
    const ladder = new Ladder();
    const fathom = instrument({ ticks: [{ from: "0", tick: "0.005" }, { from: "10", tick: "0.01" }] });
    ladder.show(fathom, showing(book([["9.985", "3"]], [["10.01", "4"]])));
    expect([at(ladder, "9.980")?.bid, at(ladder, "9.985"), at(ladder, "10.010")?.ask]).toEqual(["3", undefined, "4"]);
  });

  it("shows own orders on their rows, and the last price", () => {
    const ladder = new Ladder();
    const own = [order({ price: "100.00", open_quantity: "2" }), order({ price: "100.00", open_quantity: "3" }), order({ side: "sell", price: "100.03" })];
    ladder.show(instrument(), showing(book([["100.00", "5"]], [["100.02", "7"]]), { own, last: units("100.02") }));
    expect(at(ladder, "100.00")).toMatchObject({ ownBuy: "5", ownSell: "", last: false });
    expect(at(ladder, "100.03")).toMatchObject({ ownBuy: "", ownSell: "10" });
    expect(at(ladder, "100.02")?.last).toBe(true);
  });

  it("stands round the last price when the book is empty, and prints no price below the first tick", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), showing(new Book(), { last: units("0.05") }));
    expect(at(ladder, "0.05")?.last).toBe(true);
    expect(rows(ladder).filter((row) => row.price === "")).not.toEqual([]);
  });

  it("takes as many rows as there is room for, an odd number with the market in the middle", () => {
    const ladder = new Ladder();
    const levels = showing(book([["100.00", "5"]], [["100.02", "7"]]));
    expect([ladder.resize(16), ladder.resize(15), ladder.resize(2)]).toEqual([true, false, true]);
    ladder.resize(16);
    ladder.show(instrument(), levels);
    expect([rows(ladder).length, middle(ladder)]).toEqual([15, "100.01"]);
  });

  it("puts the market back into the middle when it is told to", () => {
    const ladder = new Ladder();
    ladder.show(instrument(), showing(book([["100.00", "5"]], [["100.02", "7"]])));
    const moved = showing(book([["100.03", "5"]], [["100.05", "7"]]));
    ladder.recentre();
    ladder.show(instrument(), moved);
    expect(middle(ladder)).toBe("100.04");
  });

  it("knows the own orders of a row, those of a group on the row where they are counted", () => {
    const ladder = new Ladder();
    const own = [order({ order_id: "1-1", price: "100.04" }), order({ order_id: "1-2", price: "100.01" }), order({ order_id: "1-3", side: "sell", price: "100.11" })];
    const levels = showing(book([["100.04", "1"]], [["100.11", "8"]]), { own });
    ladder.show(instrument(), levels);
    ladder.regroup(5);
    ladder.show(instrument(), levels);
    const ids = (side: "buy" | "sell", price: string): string[] => ladder.own(side, price).map((each) => each.order_id);
    expect([ids("buy", "100.00"), ids("sell", "100.15"), ids("sell", "100.00")]).toEqual([["1-1", "1-2"], ["1-3"], []]);
  });

  it("shows what traded at each price, and dims what lies outside the bands", () => {
    const ladder = new Ladder();
    const volumes = new Map([[units("100.00"), units("30")], [units("100.01"), units("15")]]);
    const bands = [units("99.99"), units("100.03")] as const;
    ladder.show(instrument(), showing(book([["100.00", "5"]], [["100.02", "7"]]), { volumes, bands }));
    expect([at(ladder, "100.00")?.volume, at(ladder, "100.01")?.volume, at(ladder, "100.02")?.volume]).toEqual(["30", "15", ""]);
    expect(["99.98", "99.99", "100.03", "100.04"].map((price) => at(ladder, price)?.outside)).toEqual([true, false, false, true]);
  });

  it("zooms through the groups and stops at the ends", () => {
    const ladder = new Ladder();
    ladder.zoom(-1);
    expect(ladder.group.value).toBe(0);
    ladder.zoom(1);
    ladder.zoom(1);
    expect(ladder.group.value).toBe(5);
  });
});
