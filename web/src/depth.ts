// The depth of a book as two curves: how much could be had up to which price. Floats: they are drawn, never sent.
import type { Book, Half } from "./book";
import { UNIT } from "./decimal";

/** Parallel columns, prices rising: quantity to the best price from there, null on the other side's part. */
export interface Curves {
  readonly prices: number[];
  readonly bids: (number | null)[];
  readonly asks: (number | null)[];
}

/** `levels` of each side, counted from the inside. */
export function curvesOf(book: Book, levels: number): Curves {
  const bids = sums(book.bids, levels).reverse();
  const asks = sums(book.asks, levels);
  return {
    prices: [...bids, ...asks].map(([price]) => price),
    bids: [...bids.map(([, sum]) => sum), ...asks.map(() => null)],
    asks: [...bids.map(() => null), ...asks.map(([, sum]) => sum)],
  };
}

function sums(half: Half, levels: number): [number, number][] {
  let sum = 0n;
  return half.levels.slice(0, levels).map(({ price, quantity }) => {
    sum += quantity;
    return [floatOf(price), floatOf(sum)];
  });
}

function floatOf(amount: bigint): number {
  return Number(amount) / Number(UNIT);
}
