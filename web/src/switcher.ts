// The search for an instrument: what is typed narrows the list, the best match first.
import { computed, signal } from "@preact/signals-core";

interface Context {
  symbols(): readonly string[];
  favourites(): readonly string[];
  look(symbol: string): void;
}

export class Switcher {
  readonly open = signal(false);
  readonly query = signal("");
  readonly chosen = signal(0);
  readonly found = computed(() => matching(this.query.value, this.context.symbols(), this.context.favourites()));

  constructor(private readonly context: Context) {}

  show(): void {
    this.query.value = "";
    this.chosen.value = 0;
    this.open.value = true;
  }

  close(): void {
    this.open.value = false;
  }

  type(query: string): void {
    this.query.value = query;
    this.chosen.value = 0;
  }

  move(step: 1 | -1): void {
    const count = this.found.value.length;
    if (count > 0) this.chosen.value = (this.chosen.value + step + count) % count;
  }

  /** Looks at what is chosen, or at a row that was clicked. */
  take(symbol: string | undefined = this.found.value[this.chosen.value]): void {
    if (symbol === undefined) return;
    this.close();
    this.context.look(symbol);
  }
}

/** What begins with the query, then what holds it, then what holds its letters in order; favourites first in each. */
export function matching(query: string, symbols: readonly string[], favourites: readonly string[]): string[] {
  const wanted = query.trim().toUpperCase();
  const ranked = symbols.map((symbol) => ({ symbol, rank: rank(wanted, symbol), liked: favourites.includes(symbol) }));
  return ranked
    .filter((each) => each.rank < MISSED)
    .sort((one, other) => one.rank - other.rank || Number(other.liked) - Number(one.liked) || (one.symbol < other.symbol ? -1 : 1))
    .map((each) => each.symbol);
}

const MISSED = 3;

function rank(wanted: string, symbol: string): number {
  if (symbol.startsWith(wanted)) return 0;
  if (symbol.includes(wanted)) return 1;
  let place = 0;
  for (const letter of symbol) if (letter === wanted[place]) place += 1;
  return place === wanted.length ? 2 : MISSED;
}
