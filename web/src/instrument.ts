// What an instrument's reference data says about prices and quantities.
import { decimalsOf, units } from "./decimal";
import type { Instrument } from "./protocol";

/** The tick that holds at a price: of the highest row whose `from` is not above it. */
export function tickAt(instrument: Instrument, price: bigint): bigint {
  const rows = instrument.ticks.filter((row) => units(row.from) <= price);
  return units((rows.at(-1) ?? instrument.ticks[0])?.tick ?? "1");
}

/** Prices are printed with the decimals of the smallest tick. */
export function decimalsOfPrice(instrument: Instrument): number {
  return Math.max(...instrument.ticks.map((row) => decimalsOf(units(row.tick))));
}

export function decimalsOfLot(instrument: Instrument): number {
  return decimalsOf(units(instrument.lot_size));
}
