// The book as a plain list: the best levels of both sides with their sums, the inside in the middle.
import { signal, type Signal } from "@preact/signals-core";
import type { Book, Half } from "./book";
import { toText } from "./decimal";
import { decimalsOfLot } from "./instrument";
import type { Instrument } from "./protocol";

export const LEVELS = 14;

export interface Quote {
  readonly price: string;
  readonly quantity: string;
  /** Of this level and all better ones. */
  readonly sum: string;
  /** Share of the larger side's sum, 0 to 1, in fiftieths so that it does not tremble. */
  readonly share: number;
}

const EMPTY: Quote = { price: "", quantity: "", sum: "", share: 0 };

export class Quotes {
  readonly bids: readonly Signal<Quote>[] = Array.from({ length: LEVELS }, () => signal(EMPTY));
  readonly asks: readonly Signal<Quote>[] = Array.from({ length: LEVELS }, () => signal(EMPTY));

  show(instrument: Instrument, book: Book): void {
    const [bids, asks] = [total(book.bids), total(book.asks)];
    const longest = bids > asks ? bids : asks;
    const decimals = decimalsOfLot(instrument);
    fill(this.bids, book.bids, longest, decimals);
    fill(this.asks, book.asks, longest, decimals);
  }
}

function total(half: Half): bigint {
  return half.levels.slice(0, LEVELS).reduce((sum, level) => sum + level.quantity, 0n);
}

function fill(rows: readonly Signal<Quote>[], half: Half, longest: bigint, decimals: number): void {
  let sum = 0n;
  rows.forEach((row, index) => {
    const level = half.levels[index];
    sum += level?.quantity ?? 0n;
    const next = level === undefined ? EMPTY : quote(level.printed, sum, longest, decimals);
    if (!alike(row.value, next)) row.value = next;
  });
}

function quote([price, quantity]: readonly [string, string], sum: bigint, longest: bigint, decimals: number): Quote {
  const share = longest === 0n ? 0 : Math.max(Number((sum * 50n) / longest), 1) / 50;
  return { price, quantity, sum: toText(sum, decimals), share };
}

function alike(one: Quote, other: Quote): boolean {
  return one.price === other.price && one.quantity === other.quantity && one.sum === other.sum && one.share === other.share;
}
