import { describe, expect, it } from "vitest";
import { Book } from "../src/book";
import { crc32 } from "../src/checksum";
import type { BookFrame, Level } from "../src/protocol";

function frame(type: "snapshot" | "update", bids: Level[], asks: Level[], checksum: number): BookFrame {
  const depth = { channel: "book", symbol: "ACME", seq: 1, bids, asks, checksum } as const;
  return type === "snapshot" ? { ...depth, type } : { ...depth, type, prev: 0 };
}

function printed(book: Book): { bids: Level[]; asks: Level[] } {
  const list = (half: Book["bids"]): Level[] => half.levels.map((level) => level.printed);
  return { bids: list(book.bids), asks: list(book.asks) };
}

describe("the checksum", () => {
  it("is the CRC-32 that everybody else computes", () => {
    expect(crc32("123456789")).toBe(0xcbf43926);
    expect(crc32("")).toBe(0);
  });

  it("covers asks, then bids, without points and leading zeros", () => {
    const book = new Book();
    const checksum = crc32("1012530" + "1012612" + "10120200");
    expect(book.apply(frame("snapshot", [["101.20", "200"]], [["101.25", "30"], ["101.26", "12"]], checksum))).toBe(true);
    expect(book.apply(frame("snapshot", [["0.0905", "0.5"]], [], crc32("9055")))).toBe(true);
  });

  it("covers no more than ten levels of a side", () => {
    const asks = Array.from({ length: 12 }, (_, index): Level => [`${101 + index}.00`, "1"]);
    const covered = asks.slice(0, 10).map(([price]) => `${price.replace(".", "")}1`);
    expect(new Book().apply(frame("snapshot", [], asks, crc32(covered.join(""))))).toBe(true);
  });
});

describe("a book", () => {
  it("keeps both sides sorted, best first, whatever order levels come in", () => {
    const book = new Book();
    book.apply(frame("snapshot", [["99.9", "1"], ["100.0", "2"], ["9.0", "3"]], [["101.0", "4"], ["100.5", "5"]], 0));
    expect(printed(book)).toEqual({
      bids: [["100.0", "2"], ["99.9", "1"], ["9.0", "3"]],
      asks: [["100.5", "5"], ["101.0", "4"]],
    });
  });

  it("replaces a level, removes it at zero, and ignores the removal of what is not there", () => {
    const book = new Book();
    book.apply(frame("snapshot", [["99.9", "1"], ["99.8", "1"]], [], 0));
    book.apply(frame("update", [["99.9", "7"], ["99.8", "0"], ["99.7", "0.0"]], [], 0));
    expect(printed(book).bids).toEqual([["99.9", "7"]]);
  });

  it("says so when an update does not add up to its checksum", () => {
    const book = new Book();
    expect(book.apply(frame("snapshot", [["100.0", "2"]], [], crc32("10002")))).toBe(true);
    expect(book.apply(frame("update", [["100.0", "3"]], [], crc32("10004")))).toBe(false);
  });
});
