import { beforeEach, describe, expect, it } from "vitest";
import { Amendment } from "../src/amendment";
import { Arm } from "../src/arm";
import type { Changes, Placement } from "../src/orders";
import type { Order, StatusFrame } from "../src/protocol";
import { instrument, order, phase } from "./samples";
import { settled } from "./world";

let placed: Placement[];
let moved: string[];
let canceled: string[];
let said: string[];
let status: StatusFrame | null;
let arm: Arm;

beforeEach(() => {
  placed = [];
  moved = [];
  canceled = [];
  said = [];
  status = null;
  const orders = {
    place: (placement: Placement): Promise<Order> => Promise.resolve(order()).finally(() => placed.push(placement)),
    cancel: (each: Order): Promise<void> => Promise.resolve(void canceled.push(each.order_id)),
    move: (each: Order, price: string): Promise<void> => Promise.resolve(void moved.push(`${each.order_id} to ${price}`)),
  };
  const context = { instrument: () => instrument(), status: () => status, last: () => "101.25" };
  arm = new Arm(orders, { say: (_, text) => said.push(text) }, context);
});

describe("a click on the ladder", () => {
  it("sends nothing while it is not armed", async () => {
    await arm.click("buy", "101.20");
    expect([placed, said]).toEqual([[], []]);
  });

  it("is a limit order of the quantity beside the switch when it is, of the least quantity when there is none", async () => {
    arm.armed.value = true;
    await arm.click("buy", "101.20");
    arm.quantity.value = " 25 ";
    await arm.click("sell", "101.30");
    expect(placed).toEqual([
      { symbol: "ACME", side: "buy", type: "limit", quantity: "1", price: "101.20" },
      { symbol: "ACME", side: "sell", type: "limit", quantity: "25", price: "101.30" },
    ]);
  });

  it.each([
    ["a wrong quantity", "2.5", null, "Buy ACME at 101.20: Not a multiple of the lot size 1: 2 or 3 is."],
    ["a halt", "1", phase("halted"), "Buy ACME at 101.20: Trading is halted: only cancels are taken."],
  ])("with %s is told and not sent", async (_, quantity, now, sentence) => {
    arm.armed.value = true;
    arm.quantity.value = quantity;
    status = now;
    await arm.click("buy", "101.20");
    expect([placed, said]).toEqual([[], [sentence]]);
  });

  it("on an own order cancels it, armed or not", () => {
    arm.cancel([order(), order({ order_id: "1-2" })]);
    expect(canceled).toEqual(["1-1", "1-2"]);
  });
});

describe("a drag on the ladder", () => {
  it("moves orders to the price where they are dropped, if that is another and the ladder is armed", () => {
    arm.drag([order()], "101.10");
    arm.armed.value = true;
    arm.drag([order()], "101.20");
    arm.drag([order()], "");
    arm.drag([order()], "101.10");
    expect(moved).toEqual(["1-1 to 101.10"]);
  });
});

describe("an amendment in place", () => {
  let sent: Changes[];
  let answer: () => Promise<Order>;
  let amendment: Amendment;

  beforeEach(() => {
    sent = [];
    answer = () => Promise.resolve(order());
    const amend = (_: Order, changes: Changes): Promise<Order> => {
      sent.push(changes);
      return answer();
    };
    amendment = new Amendment({ amend }, { instrument: () => instrument(), last: () => "101.25" });
  });

  it("begins with what is there, and sends what was typed instead", async () => {
    amendment.begin(order(), "price");
    expect(amendment.editing.value?.text).toBe("101.20");
    amendment.type(" 101.15 ");
    await amendment.send();
    expect([sent, amendment.editing.value]).toEqual([[{ price: "101.15" }], null]);
  });

  it("sends nothing when nothing changed, or when it is wrong", async () => {
    amendment.begin(order(), "quantity");
    await amendment.send();
    amendment.begin(order(), "quantity");
    amendment.type("2.5");
    await amendment.send();
    expect([sent, amendment.editing.value?.fault]).toEqual([[], "Not a multiple of the lot size 1: 2 or 3 is."]);
  });

  it("stays with the exchange's refusal at its cell", async () => {
    answer = () => Promise.reject(new Error("below what is filled"));
    amendment.begin(order(), "quantity");
    amendment.type("5");
    await amendment.send();
    expect(amendment.editing.value).toMatchObject({ text: "5", fault: "below what is filled", sending: false });
  });

  it("does not close another cell that was begun meanwhile", async () => {
    amendment.begin(order(), "quantity");
    amendment.type("5");
    const sending = amendment.send();
    amendment.begin(order({ order_id: "1-2" }), "price");
    await sending;
    await settled();
    expect(amendment.editing.value?.order.order_id).toBe("1-2");
  });
});
