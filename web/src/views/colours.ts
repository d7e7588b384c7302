// The colours that canvases draw with: those of the page, read from it.

export interface Colours {
  readonly text: string;
  readonly line: string;
  readonly ground: string;
  readonly accent: string;
  readonly buy: string;
  readonly buyDepth: string;
  readonly sell: string;
  readonly sellDepth: string;
  readonly volume: string;
}

export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: read("--muted"),
    line: read("--line"),
    ground: read("--panel"),
    accent: read("--accent"),
    buy: read("--buy"),
    buyDepth: read("--buy-depth"),
    sell: read("--sell"),
    sellDepth: read("--sell-depth"),
    volume: read("--raised"),
  };
}
