import { signal } from "@preact/signals-core";
import { beforeEach, describe, expect, it } from "vitest";
import type { Placement } from "../src/orders";
import type { Instrument, Order, StatusFrame } from "../src/protocol";
import { Refusal } from "../src/refusal";
import { Ticket } from "../src/ticket";
import { instrument, order, phase } from "./samples";

let placed: Placement[];
let answer: () => Promise<Order>;
let listing: Instrument;
const status = signal<StatusFrame | null>(null);
let ticket: Ticket;

beforeEach(() => {
  placed = [];
  answer = () => Promise.resolve(order());
  listing = instrument();
  status.value = null;
  const place = (placement: Placement): Promise<Order> => {
    placed.push(placement);
    return answer();
  };
  const best = (side: string): string => (side === "buy" ? "101.26" : "101.24");
  const context = { instrument: () => listing, status: () => status.value, last: () => "101.25", start: best, opposite: best };
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

  it("values a market order at the price it would meet", () => {
    ticket.chooseType("market");
    ticket.edit("quantity", "10");
    expect(ticket.value.value).toBe("1012.60");
  });

  it.each([
    ["stop", { stop_price: "105.00" }],
    ["stop_limit", { stop_price: "105.00", price: "105.10" }],
  ] as const)("sends a %s with the prices that it has", async (kind, prices) => {
    ticket.chooseType(kind);
    ticket.edit("quantity", "10");
    ticket.edit("stop_price", "105.00");
    ticket.edit("price", "105.10");
    await ticket.send();
    expect(placed).toEqual([{ symbol: "ACME", side: "buy", type: kind, quantity: "10", ...prices }]);
  });

  it("sends what was chosen beyond the usual, and only where it goes", async () => {
    type("10", "101.20");
    ticket.postOnly.value = true;
    ticket.edit("display_quantity", "2");
    ticket.selfTrade.value = "decrement";
    ticket.chooseTimeInForce("day");
    await ticket.send();
    ticket.chooseTimeInForce("ioc");
    await ticket.send();
    const always = { symbol: "ACME", side: "buy", type: "limit", quantity: "10", price: "101.20", self_trade: "decrement" };
    expect(placed).toEqual([
      { ...always, time_in_force: "day", post_only: true, display_quantity: "2" },
      { ...always, time_in_force: "ioc" },
    ]);
  });

  it("sends the instant at which an order expires, and asks for one", async () => {
    type("10", "101.20");
    ticket.chooseTimeInForce("gtd");
    await ticket.send();
    expect([ticket.faults.value, placed]).toEqual([{ expires: "Choose when it expires." }, []]);
    ticket.edit("expires", "2030-01-02T03:04");
    await ticket.send();
    expect(placed[0]?.expires).toBe(new Date("2030-01-02T03:04").toISOString());
  });

  it("gives up a time in force that does not go with the type", () => {
    ticket.chooseTimeInForce("at_open");
    ticket.chooseType("stop");
    expect([ticket.timeInForce.value, ticket.timesInForce.value.includes("at_close")]).toEqual(["gtc", false]);
  });

  it("sends nothing while the phase takes no such order, and says why", async () => {
    status.value = phase("halted", { reason: "news" });
    type("10", "101.20");
    await ticket.send();
    expect([ticket.barred.value, placed]).toEqual(["Trading is halted (news): only cancels are taken.", []]);
  });

  it("tells the fee of a taker when the price would take, else a maker's; in a call that of its uncross", () => {
    listing = instrument({ maker_bps: "-0.5", taker_bps: "2", cross_bps: "1" });
    type("100", "101.26");
    const taking = ticket.fee.value;
    ticket.edit("price", "101.00");
    expect([taking, ticket.fee.value]).toEqual(["2.0252 as taker (2 bp)", "-0.505 as maker (-0.5 bp)"]);
    status.value = phase("auction");
    expect(ticket.fee.value).toBe("1.01 in the auction (1 bp)");
  });
});
