// What an instrument's reference data says about prices and quantities.
import { ceilTo, decimalsOf, floorTo, units } from "./decimal";
import type { Instrument } from "./protocol";

/** The tick that holds at a price: of the highest row whose `from` is not above it. */
export function tickAt(instrument: Instrument, price: bigint): bigint {
  const rows = instrument.ticks.filter((row) => units(row.from) <= price);
  return units((rows.at(-1) ?? instrument.ticks[0])?.tick ?? "1");
}

/** A price as a reference, round which a collar lies: the nearest that an order could have, of two as near the higher. */
export function onTick(instrument: Instrument, price: bigint): bigint {
  const near = instrument.ticks.flatMap((row, place) => {
    const [tick, from, next] = [units(row.tick), units(row.from), instrument.ticks[place + 1]];
    const inside = price < from ? from : price;
    const below = next !== undefined && inside >= units(next.from) ? units(next.from) - 1n : inside;
    return [floorTo(below, tick), ceilTo(inside, tick)];
  });
  const prices = near.filter((found) => found > 0n && found % tickAt(instrument, found) === 0n);
  const distance = (found: bigint): bigint => (found < price ? price - found : found - price);
  return prices.reduce((best, found) => {
    const nearer = distance(found) - distance(best);
    return nearer < 0n || (nearer === 0n && found > best) ? found : best;
  });
}

/** Prices are printed with the decimals of the smallest tick. */
export function decimalsOfPrice(instrument: Instrument): number {
  return Math.max(...instrument.ticks.map((row) => decimalsOf(units(row.tick))));
}

export function decimalsOfLot(instrument: Instrument): number {
  return decimalsOf(units(instrument.lot_size));
}
