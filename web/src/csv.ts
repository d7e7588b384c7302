// Comma-separated values as RFC 4180 has them: what a blotter gives a spreadsheet.

export type Cell = string | number | boolean | null | undefined;

/** A header line and one line a row; nothing and null become an empty cell. */
export function csvOf(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [columns, ...rows].map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A text that a spreadsheet would take for a formula is led by an apostrophe; a number is what it is. */
function cell(value: Cell): string {
  const text = String(value ?? "");
  const harmless = /^[=+@\t\r]/.test(text) || /^-(?![\d.]+$)/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
