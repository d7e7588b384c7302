// Exact decimals: whole numbers of 10⁻⁸ in a bigint, never a float. The same unit as the exchange's own.

export const UNIT = 100_000_000n;
const DECIMALS = 8;
const LONGEST = 40;
const PATTERN = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?$/;

/** Units of a decimal as the protocol writes it, or null if it is none ("1e2", " 1", ".5", 9 decimals). */
export function toUnits(text: string): bigint | null {
  const parts = text.length <= LONGEST ? PATTERN.exec(text) : null;
  if (parts === null) return null;
  const fraction = (parts[3] ?? "").replace(/0+$/, "");
  if (fraction.length > DECIMALS) return null;
  const units = BigInt(parts[2] ?? "0") * UNIT + BigInt(fraction.padEnd(DECIMALS, "0"));
  return parts[1] === "-" ? -units : units;
}

/** Units of a decimal that the exchange itself has sent; anything else is a fault of ours. */
export function units(text: string): bigint {
  const known = KNOWN.get(text);
  if (known !== undefined) return known;
  const found = toUnits(text);
  if (found === null) throw new TypeError(`not a decimal: ${text}`);
  if (KNOWN.size >= KNOWN_MAX) KNOWN.clear();
  KNOWN.set(text, found);
  return found;
}

/** The same few thousand prices and quantities come again and again, thousands of times a second. */
const KNOWN = new Map<string, bigint>();
const KNOWN_MAX = 10_000;

/** Prints with at least `decimals` decimals, more only where the number has them. */
export function toText(amount: bigint, decimals: number): string {
  const sign = amount < 0n ? "-" : "";
  const digits = (amount < 0n ? -amount : amount).toString().padStart(DECIMALS + 1, "0");
  const fraction = digits.slice(-DECIMALS);
  const shown = fraction.slice(0, Math.max(decimals, fraction.replace(/0+$/, "").length));
  const whole = sign + digits.slice(0, -DECIMALS);
  return shown === "" ? whole : `${whole}.${shown}`;
}

/** How many decimals a tick or lot needs: 0.010 needs 2. */
export function decimalsOf(step: bigint): number {
  let decimals = DECIMALS;
  for (let rest = step; decimals > 0 && rest % 10n === 0n; rest /= 10n) decimals -= 1;
  return decimals;
}

/** The largest multiple of `step` that is not above `amount`; amounts are not negative. */
export function floorTo(amount: bigint, step: bigint): bigint {
  return amount - (amount % step);
}

/** The smallest multiple of `step` that is not below `amount`; amounts are not negative. */
export function ceilTo(amount: bigint, step: bigint): bigint {
  return floorTo(amount + step - 1n, step);
}
