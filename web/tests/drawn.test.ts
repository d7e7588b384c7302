import { describe, expect, it } from "vitest";
import { Book } from "../src/book";
import { units } from "../src/decimal";
import { curvesOf } from "../src/depth";
import { Quotes } from "../src/quotes";
import { Sparklines } from "../src/sparklines";
import { Volumes } from "../src/volumes";
import type { Level } from "../src/protocol";
import { instrument, trades } from "./samples";

function book(bids: Level[], asks: Level[]): Book {
  const made = new Book();
  made.apply({ channel: "book", type: "snapshot", symbol: "ACME", seq: 1, bids, asks, checksum: 0 });
  return made;
}

const BOOK = book([["100.00", "5"], ["99.99", "3"]], [["100.02", "7"], ["100.05", "1"]]);

describe("the depth curves", () => {
  it("rise with the distance from the inside, prices from left to right", () => {
    expect(curvesOf(BOOK, 10)).toEqual({
      prices: [99.99, 100, 100.02, 100.05],
      bids: [8, 5, null, null],
      asks: [null, null, 7, 8],
    });
  });

  it("hold as many levels of each side as are asked for", () => {
    expect(curvesOf(BOOK, 1).prices).toEqual([100, 100.02]);
  });
});

describe("the plain book", () => {
  it("lists levels with their sums, shares of the larger side", () => {
    const quotes = new Quotes();
    quotes.show(instrument(), BOOK);
    expect(quotes.bids.slice(0, 3).map((quote) => quote.value)).toEqual([
      { price: "100.00", quantity: "5", sum: "5", share: 31 / 50 },
      { price: "99.99", quantity: "3", sum: "8", share: 1 },
      { price: "", quantity: "", sum: "", share: 0 },
    ]);
  });

  it("leaves rows alone that look as before", () => {
    const quotes = new Quotes();
    quotes.show(instrument(), BOOK);
    const before = quotes.asks.map((quote) => quote.value);
    quotes.show(instrument(), BOOK);
    expect(quotes.asks.every((quote, index) => quote.value === before[index])).toBe(true);
  });
});

describe("traded volume", () => {
  it("adds up by price, each trade once", () => {
    const volumes = new Volumes();
    volumes.take(trades([10, 11, 10]));
    volumes.take(trades([11, 10], 2));
    expect([...volumes.at]).toEqual([[units("10"), units("4")], [units("11"), units("2")]]);
  });
});

describe("a small line", () => {
  it("begins with the last price of each stretch of time and grows with the market", () => {
    let now = Date.UTC(2026, 10, 22, 10, 1, 0);
    const lines = new Sparklines(() => now);
    lines.begin("ACME", trades(Array.from({ length: 60 }, (_, second) => second)));
    expect(lines.of("ACME").value).toEqual([29, 59]);
    lines.add("ACME", "60");
    lines.add("ACME", "61");
    now += 30_000;
    lines.add("ACME", "61");
    expect(lines.of("ACME").value).toEqual([29, 59, 61, 61]);
  });
});
