// A local copy of one instrument's depth. Prices and quantities stay exactly what the exchange printed; the
// bigint of a price is only for order and arithmetic. A frame that does not add up is answered with false,
// and the feed then asks for a new snapshot.
import { crc32 } from "./checksum";
import { units } from "./decimal";
import type { BookFrame, Level } from "./protocol";

const CHECKED_LEVELS = 10;

export interface BookLevel {
  readonly price: bigint;
  readonly quantity: bigint;
  readonly printed: Level;
  /** As the checksum counts it, made once: a level is checked many times and printed once. */
  readonly digits: string;
}

/** One side of a book, best price first. */
export class Half {
  readonly levels: BookLevel[] = [];

  /** `direction` 1n where lower prices are better (asks), -1n where higher ones are (bids). */
  constructor(private readonly direction: 1n | -1n) {}

  get best(): BookLevel | undefined {
    return this.levels[0];
  }

  /** Sets a level, or removes it with a quantity of zero; the place where that was. */
  set(printed: Level): number {
    const [price, quantity] = [units(printed[0]), units(printed[1])];
    const place = this.#place(price);
    const replaced = this.levels[place]?.price === price ? 1 : 0;
    if (quantity === 0n) this.levels.splice(place, replaced);
    else this.levels.splice(place, replaced, { price, quantity, printed, digits: digits(printed[0]) + digits(printed[1]) });
    return place;
  }

  /** Where a price is or would go: the first level that is not better than it. */
  #place(price: bigint): number {
    let low = 0;
    let high = this.levels.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.levels[middle]?.price ?? price;
      if ((other - price) * this.direction < 0n) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class Book {
  bids = new Half(-1n);
  asks = new Half(1n);
  /** The checksum, as long as no level that it is made of has changed. */
  #checksum: number | null = 0;

  /** Takes a snapshot or an update; false if the outcome is not the book its checksum was made of. */
  apply(frame: BookFrame): boolean {
    if (frame.type === "snapshot") this.clear();
    for (const level of frame.bids) this.#changed(this.bids.set(level));
    for (const level of frame.asks) this.#changed(this.asks.set(level));
    return this.checksum() === frame.checksum;
  }

  clear(): void {
    this.bids = new Half(-1n);
    this.asks = new Half(1n);
    this.#checksum = 0;
  }

  /** CRC-32 of the ten best asks, then bids, as printed without points and leading zeros; 0 of an empty book. */
  checksum(): number {
    this.#checksum ??= crc32(checked(this.asks) + checked(this.bids));
    return this.#checksum;
  }

  #changed(place: number): void {
    if (place < CHECKED_LEVELS) this.#checksum = null;
  }
}

function checked(half: Half): string {
  let text = "";
  for (const level of half.levels.slice(0, CHECKED_LEVELS)) text += level.digits;
  return text;
}

function digits(printed: string): string {
  return printed.replace(".", "").replace(/^0+/, "");
}
