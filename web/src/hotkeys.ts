// Hot keys: which key does what, and where. They work on the panel that is visibly active, and never while somebody
// types; only the search works from everywhere.

export type Panel = "" | "ladder" | "orders";

export interface Stroke {
  readonly key: string;
  readonly command: boolean;
  readonly shift: boolean;
  /** Whether an input has the focus. */
  readonly typing: boolean;
}

export interface Hotkey {
  /** As it is printed: "Ctrl K", "?", "B". */
  readonly keys: string;
  readonly what: string;
  /** "" works on every panel. */
  readonly panel: Panel;
  run(): void;
}

export class Hotkeys {
  constructor(readonly all: readonly Hotkey[]) {}

  /** Does what a key stands for on the active panel; false if it stands for nothing there. */
  press(stroke: Stroke, active: Panel): boolean {
    const printed = printedOf(stroke);
    if (stroke.typing && !stroke.command) return false;
    const found = this.all.find(({ keys, panel }) => keys === printed && (panel === "" || panel === active));
    found?.run();
    return found !== undefined;
  }
}

function printedOf({ key, command, shift }: Stroke): string {
  const letter = key.length === 1 ? key.toUpperCase() : key;
  if (command) return `Ctrl ${letter}`;
  return shift && /^[A-Z]$/.test(letter) ? `Shift ${letter}` : letter;
}
