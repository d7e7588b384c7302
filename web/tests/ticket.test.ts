import { beforeEach, describe, expect, it } from "vitest";
import type { Placement } from "../src/orders";
import type { Instrument, Order } from "../src/protocol";
import { Refusal } from "../src/refusal";
import { Ticket } from "../src/ticket";
import { instrument, order } from "./samples";

let placed: Placement[];
let answer: () => Promise<Order>;
let listing: Instrument;
let ticket: Ticket;

beforeEach(() => {
  placed = [];
  answer = () => Promise.resolve(order());
  listing = instrument();
  const place = (placement: Placement): Promise<Order> => {
    placed.push(placement);
    return answer();
  };
  const context = { instrument: () => listing, last: () => "101.25", start: (side: string) => (side === "buy" ? "101.26" : "101.24") };
  ticket = new Ticket({ place }, context);
});

function type(quantity: string, price: string): void {
  ticket.edit("quantity", quantity);
  ticket.edit("price", price);
}

describe("the ticket", () => {
  it("sends what was typed, exactly, and says what became of it", async () => {
    type(" 10 ", "101.20");
    await ticket.send();
    expect(placed).toEqual([{ symbol: "ACME", side: "buy", type: "limit", quantity: "10", price: "101.20" }]);
    expect(ticket.outcome.value).toBe("Buy 10 ACME at 101.20: open.");
  });

  it("sends no price with a market order", async () => {
    ticket.chooseType("market");
    ticket.choose("sell");
    type("10", "101.20");
    await ticket.send();
    expect(placed).toEqual([{ symbol: "ACME", side: "sell", type: "market", quantity: "10" }]);
  });

  it("finds nothing wrong with an empty field until it is sent", async () => {
    expect(ticket.faults.value).toEqual({});
    await ticket.send();
    expect(ticket.faults.value).toEqual({ quantity: "Enter a quantity.", price: "Enter a price." });
    expect(placed).toEqual([]);
  });

  it("shows the exchange's refusal at its field, until that is edited", async () => {
    answer = () => Promise.reject(new Refusal({ code: "price_too_low", message: "price must be at least 1", field: "price" }));
    type("10", "0.50");
    await ticket.send();
    expect(ticket.faults.value).toEqual({ price: "Price must be at least 1." });
    ticket.edit("price", "1.00");
    expect(ticket.faults.value).toEqual({});
  });

  it("shows what is about no field at the bottom", async () => {
    answer = () => Promise.reject(new Refusal({ code: "busy", message: "the exchange is busy", field: "symbol" }));
    type("10", "101.20");
    await ticket.send();
    expect(ticket.faults.value).toEqual({ ticket: "The exchange is busy." });
  });

  it("sends once however often Enter is pressed", async () => {
    type("10", "101.20");
    await Promise.all([ticket.send(), ticket.send(), ticket.send()]);
    expect(placed).toHaveLength(1);
  });

  it("steps by tick and lot, onto their grid, and never to nothing", () => {
    listing = instrument({ lot_size: "10" });
    ticket.step("quantity", 1);
    ticket.step("price", 1);
    expect([ticket.quantity.value, ticket.price.value]).toEqual(["10", "101.26"]);
    ticket.step("price", -1);
    ticket.step("quantity", -1);
    expect([ticket.quantity.value, ticket.price.value]).toEqual(["10", "101.25"]);
    type("15", "101.255");
    ticket.step("quantity", -1);
    ticket.step("price", 1);
    expect([ticket.quantity.value, ticket.price.value]).toEqual(["10", "101.26"]);
  });

  it("steps down from the start of a coarser tick by the finer one", () => {
    listing = instrument({ ticks: [{ from: "0", tick: "0.005" }, { from: "10", tick: "0.01" }] });
    type("1", "10.00");
    ticket.step("price", -1);
    expect(ticket.price.value).toBe("9.995");
    ticket.step("price", 1);
    ticket.step("price", 1);
    expect(ticket.price.value).toBe("10.010");
  });

  it("tells the tick that holds at the typed price, or else at the last", () => {
    listing = instrument({ ticks: [{ from: "0", tick: "0.005" }, { from: "10", tick: "0.01" }] });
    const before = ticket.tick.value;
    ticket.edit("price", "9");
    expect([before, ticket.tick.value]).toEqual(["0.01", "0.005"]);
  });

  it("values the order without a float", () => {
    type("3", "0.1");
    expect(ticket.value.value).toBe("0.30");
  });
});
