// What is wrong with an order before it is sent: the exchange's own checks that need nothing but the instrument and
// its last price, in the exchange's order (docs/rules.md, "Before matching").
import { ceilTo, decimalsOf, floorTo, toText, toUnits, UNIT, units } from "./decimal";
import { decimalsOfPrice, onTick, tickAt } from "./instrument";
import type { Placement } from "./orders";
import type { Instrument } from "./protocol";

export type TicketField = "quantity" | "price" | "stop_price" | "display_quantity" | "expires";
export type Faults = Partial<Record<TicketField | "ticket", string>>;

/** A hundred per cent in basis points. */
const WHOLE_BPS = 10_000n;
/** An iceberg shows at least a hundredth of itself. */
const DISPLAY_SHARE = 100n;

/** By field, what is wrong in a sentence that says what would do; `last` is the middle of the collar. */
export function faultsOf(order: Placement, instrument: Instrument, last: string | null): Faults {
  const faults: Faults = {};
  const found = (field: TicketField | "ticket", fault: string): void => {
    if (fault !== "") faults[field] = fault;
  };
  found("quantity", quantityFault(order.quantity, instrument));
  if (order.price !== undefined) found("price", priceFault(order.price, instrument) || collarFault(order.price, instrument, last));
  if (order.stop_price !== undefined) found("stop_price", priceFault(order.stop_price, instrument));
  if (order.display_quantity !== undefined) found("display_quantity", displayFault(order, instrument));
  if (order.time_in_force === "gtd" && order.expires === undefined) found("expires", "Choose when it expires.");
  if (Object.keys(faults).length === 0) found("ticket", valueFault(pricedAt(order, last), order.quantity, instrument));
  return faults;
}

/** The price that an order is valued at: its own, a stop's stop price, a market order's the last price; null without. */
export function pricedAt(order: Placement, last: string | null): string | null {
  return order.price ?? order.stop_price ?? last;
}

/** A fee of so many basis points, rounded to whole units; negative is a rebate. */
export function feeOf(value: bigint, bps: string): bigint {
  return (value * units(bps)) / (WHOLE_BPS * UNIT);
}

/** Price × quantity, cut off at whole units. */
export function valueOf(price: bigint, quantity: bigint): bigint {
  return (price * quantity) / UNIT;
}

function quantityFault(text: string, instrument: Instrument): string {
  if (text === "") return "Enter a quantity.";
  const quantity = toUnits(text);
  if (quantity === null || quantity <= 0n) return "Write a number above 0, like 10.";
  const lot = units(instrument.lot_size);
  if (quantity % lot !== 0n) return offGrid(quantity, lot, decimalsOf(lot), "lot size");
  if (below(quantity, instrument.min_quantity)) return `The smallest order is ${instrument.min_quantity}.`;
  if (above(quantity, instrument.max_quantity)) return `The largest order is ${instrument.max_quantity}.`;
  return "";
}

function priceFault(text: string, instrument: Instrument): string {
  if (text === "") return "Enter a price.";
  const price = toUnits(text);
  if (price === null || price <= 0n) return "Write a number above 0, like 101.25.";
  const tick = tickAt(instrument, price);
  if (price % tick !== 0n) return offGrid(price, tick, decimalsOfPrice(instrument), "tick size");
  if (below(price, instrument.min_price)) return `The lowest price is ${instrument.min_price}.`;
  if (above(price, instrument.max_price)) return `The highest price is ${instrument.max_price}.`;
  return "";
}

/** Both edges of the collar are allowed. */
function collarFault(text: string, instrument: Instrument, last: string | null): string {
  if (instrument.collar_bps === null || last === null) return "";
  const middle = onTick(instrument, units(last));
  const width = (middle * units(instrument.collar_bps)) / (WHOLE_BPS * UNIT);
  const price = units(text);
  if (price >= middle - width && price <= middle + width) return "";
  const tick = tickAt(instrument, price);
  const nearest = price > middle ? floorTo(middle + width, tick) : ceilTo(middle - width, tick);
  const sentence = `Too far from the last price ${last}`;
  return `${sentence}: ${toText(nearest, decimalsOfPrice(instrument))} is the ${price > middle ? "highest" : "lowest"}.`;
}

function displayFault({ display_quantity: shown = "", quantity }: Placement, instrument: Instrument): string {
  const amount = toUnits(shown);
  if (amount === null || amount <= 0n) return "Write a number above 0, or leave it empty.";
  const lot = units(instrument.lot_size);
  if (amount % lot !== 0n) return offGrid(amount, lot, decimalsOf(lot), "lot size");
  const whole = toUnits(quantity);
  if (whole === null) return "";
  if (amount > whole) return `It cannot show more than its quantity ${quantity}.`;
  if (amount * DISPLAY_SHARE < whole) {
    return `It has to show a hundredth at least: ${toText(ceilTo(ceilTo(whole, DISPLAY_SHARE) / DISPLAY_SHARE, lot), decimalsOf(lot))}.`;
  }
  return "";
}

function valueFault(price: string | null, quantity: string, instrument: Instrument): string {
  if (price === null) return "";
  const value = valueOf(units(price), units(quantity));
  if (below(value, instrument.min_value)) return `An order must be worth at least ${instrument.min_value}.`;
  if (above(value, instrument.max_value)) return `An order may be worth at most ${instrument.max_value}.`;
  return "";
}

function offGrid(amount: bigint, step: bigint, decimals: number, name: string): string {
  const near = [floorTo(amount, step), ceilTo(amount, step)].filter((each) => each > 0n);
  const choices = near.map((each) => toText(each, decimals)).join(" or ");
  return `Not a multiple of the ${name} ${toText(step, decimals)}: ${choices} is.`;
}

function below(amount: bigint, least: string | null): boolean {
  return least !== null && amount < units(least);
}

function above(amount: bigint, most: string | null): boolean {
  return most !== null && amount > units(most);
}
