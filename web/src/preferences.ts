// What a trader has chosen of the look and the layout, kept in this browser. Nothing private, never a token.
import { signal, type Signal } from "@preact/signals-core";

export const THEMES = ["dark", "light", "contrast"] as const;
export const PALETTES = ["classic", "colour-blind"] as const;
export const LAYOUTS = ["desk", "ladder", "chart", "quiet"] as const;
export const INTERVALS_MS = [0, 20, 100, 1_000] as const;
export const CANDLE_SECONDS = [1, 5, 15, 60, 300, 3_600] as const;

export type Theme = (typeof THEMES)[number];
export type Palette = (typeof PALETTES)[number];
export type Layout = (typeof LAYOUTS)[number];
export type IntervalMs = (typeof INTERVALS_MS)[number];
export type CandleSeconds = (typeof CANDLE_SECONDS)[number];

const PREFIX = "openbell.";
const FAVOURITES_MAX = 100;

export class Preferences {
  readonly theme: Signal<Theme>;
  readonly palette: Signal<Palette>;
  readonly layout: Signal<Layout>;
  /** The least time between two messages of a book; 0 is every change. */
  readonly interval: Signal<IntervalMs>;
  readonly candle: Signal<CandleSeconds>;
  readonly favourites: Signal<readonly string[]>;

  constructor(private readonly storage: Pick<Storage, "getItem" | "setItem">) {
    this.theme = this.#choice("theme", THEMES, "dark");
    this.palette = this.#choice("palette", PALETTES, "classic");
    this.layout = this.#choice("layout", LAYOUTS, "desk");
    this.interval = this.#choice("interval", INTERVALS_MS, 20);
    this.candle = this.#choice("candle", CANDLE_SECONDS, 15);
    this.favourites = signal(symbols(this.#kept("favourites")));
  }

  choose<Name extends "theme" | "palette" | "layout" | "interval" | "candle">(name: Name, value: this[Name]["value"]): void {
    // The name and the value belong together by the signature, which the compiler cannot carry through.
    (this[name] as Signal<unknown>).value = value;
    this.#keep(name, value);
  }

  toggleFavourite(symbol: string): void {
    const others = this.favourites.value.filter((each) => each !== symbol);
    const added = others.length === this.favourites.value.length;
    this.favourites.value = added ? [...others, symbol].slice(-FAVOURITES_MAX) : others;
    this.#keep("favourites", this.favourites.value);
  }

  /** A kept choice counts only if it is one that there still is. */
  #choice<Value>(name: string, choices: readonly Value[], usual: Value): Signal<Value> {
    const kept = this.#kept(name);
    return signal(choices.find((choice) => choice === kept) ?? usual);
  }

  #kept(name: string): unknown {
    try {
      return JSON.parse(this.storage.getItem(PREFIX + name) ?? "null");
    } catch {
      return null;
    }
  }

  /** A browser that keeps nothing (its storage is full or forbidden) still shows what was chosen. */
  #keep(name: string, value: unknown): void {
    try {
      this.storage.setItem(PREFIX + name, JSON.stringify(value));
    } catch {
      return;
    }
  }
}

function symbols(kept: unknown): string[] {
  return Array.isArray(kept) ? kept.filter((each) => typeof each === "string").slice(0, FAVOURITES_MAX) : [];
}
