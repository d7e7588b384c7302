// The trades that bars are made of, in one flat array of numbers: 32 bytes each, and nothing that a collection of
// garbage would have to look at.

export interface Point {
  readonly id: number;
  /** Seconds since 1970. */
  readonly at: number;
  readonly price: number;
  readonly quantity: number;
}

const COLUMNS = 4;
const ROOM_AT_FIRST = 256;

export class Points {
  #numbers = new Float64Array(COLUMNS * ROOM_AT_FIRST);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The trade at a place; all of it 0 where there is none. */
  at(place: number): Point {
    const [id = 0, at = 0, price = 0, quantity = 0] = this.#numbers.subarray(COLUMNS * place, COLUMNS * Math.min(place + 1, this.#length));
    return { id, at, price, quantity };
  }

  push({ id, at, price, quantity }: Point): void {
    const end = COLUMNS * this.#length;
    if (end === this.#numbers.length) {
      const wider = new Float64Array(2 * end);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers.set([id, at, price, quantity], end);
    this.#length += 1;
  }

  /** Lets go of the first so many. */
  forget(count: number): void {
    this.#numbers.copyWithin(0, COLUMNS * count, COLUMNS * this.#length);
    this.#length -= count;
  }

  clear(): void {
    this.#numbers = new Float64Array(COLUMNS * ROOM_AT_FIRST);
    this.#length = 0;
  }

  *[Symbol.iterator](): Generator<Point> {
    for (let place = 0; place < this.#length; place += 1) yield this.at(place);
  }
}
