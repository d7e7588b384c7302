import { beforeEach, describe, expect, it } from "vitest";
import { Feed } from "../src/exchange_socket";
import { History } from "../src/history";
import { Notices } from "../src/notices";
import { Orders, type Placement } from "../src/orders";
import type { Order, OrdersUpdate } from "../src/protocol";
import { order } from "./samples";
import { settled, World } from "./world";

const PLACEMENT: Placement = { symbol: "ACME", side: "buy", type: "limit", quantity: "10", price: "101.20" };

let world: World;
let feed: Feed;
let notices: Notices;
let orders: Orders;
let history: History;

beforeEach(async () => {
  world = new World();
  feed = new Feed(world);
  notices = new Notices(world.after);
  history = new History();
  orders = new Orders(feed, notices, world, history);
  feed.start();
  feed.login("token");
  await loggedIn();
  snapshot([]);
});

async function loggedIn(): Promise<void> {
  world.socket.listener.opened();
  world.socket.answer("login");
  await settled();
}

function snapshot(open: Order[], seq = 0): void {
  world.socket.say({ channel: "orders", type: "snapshot", partition: 1, seq, cursor: `1-${seq}`, orders: open });
}

function report(seq: number, exec: OrdersUpdate["exec"], changes: Partial<Order> = {}): OrdersUpdate {
  const filled = exec === "trade" ? { last_price: "101.20", last_quantity: "4" } : {};
  return {
    channel: "orders",
    type: "update",
    partition: 1,
    prev: seq - 1,
    seq,
    cursor: `1-${seq}`,
    exec,
    order: order(changes),
    ...filled,
  };
}

function open(): string[] {
  return orders.open.value.map((each) => `${each.order_id} ${each.status} ${each.open_quantity}`);
}

function said(): string[] {
  return notices.shown.value.map((notice) => notice.text);
}

async function reconnected(): Promise<void> {
  world.socket.listener.closed();
  await world.pass(500);
  await loggedIn();
}

describe("open orders", () => {
  it("follow the snapshot and the reports", () => {
    snapshot([order({ order_id: "1-7" })], 7);
    world.socket.say(report(8, "accepted", { order_id: "1-8", created: "2026-11-22T10:00:01.000000000Z" }));
    expect(open()).toEqual(["1-8 open 10", "1-7 open 10"]);
    world.socket.say(report(9, "trade", { order_id: "1-8", status: "partially_filled", open_quantity: "6", filled_quantity: "4" }));
    world.socket.say(report(10, "canceled", { order_id: "1-7", status: "canceled", open_quantity: "0" }));
    expect(open()).toEqual(["1-8 partially_filled 6"]);
  });

  it("are those of the newest snapshot after a reconnect", async () => {
    snapshot([order({ order_id: "1-7" })], 7);
    await reconnected();
    snapshot([order({ order_id: "1-9" })], 12);
    expect(open()).toEqual(["1-9 open 10"]);
  });

  it("are forgotten with their account", () => {
    snapshot([order()], 1);
    orders.forget();
    expect(open()).toEqual([]);
  });
});

describe("a fill", () => {
  it("is told, and more fills of the same order in the same notice", () => {
    world.socket.say(report(1, "trade", { filled_quantity: "4" }));
    expect(said()).toEqual(["Bought 4 ACME at 101.20"]);
    world.socket.say(report(2, "trade", { filled_quantity: "8" }));
    expect(said()).toEqual(["Bought 8 ACME, the last 4 at 101.20"]);
  });

  it("that happened while the connection was away is told once", async () => {
    world.socket.say(report(1, "accepted"));
    await reconnected();
    expect(world.socket.asked("resume")[0]?.params).toEqual({ channel: "orders", cursor: "1-1" });
    world.socket.answer("resume", { reports: [report(2, "trade", { filled_quantity: "4" })] });
    snapshot([], 2);
    await settled();
    expect(said()).toEqual(["Bought 4 ACME at 101.20"]);
    notices.shown.value = [];
    await reconnected();
    world.socket.answer("resume", { reports: [report(2, "trade", { filled_quantity: "4" })] });
    await settled();
    expect(said()).toEqual([]);
  });
});

describe("placing", () => {
  it("gives each order an id of its own and answers with the exchange's order", async () => {
    const placed = orders.place(PLACEMENT);
    expect(world.socket.asked("order.place")[0]?.params).toEqual({ ...PLACEMENT, client_order_id: "web-1" });
    world.socket.answer("order.place", order());
    expect(await placed).toEqual(order());
  });

  it("never sends an order again whose answer got lost, but asks what became of it", async () => {
    const placed = orders.place(PLACEMENT);
    await reconnected();
    await world.pass(6_000);
    expect(world.socket.asked("order.place")).toEqual([]);
    expect(world.socket.asked("order.get")[0]?.params).toEqual({ symbol: "ACME", client_order_id: "web-1" });
    world.socket.answer("order.get", order({ status: "filled" }));
    expect((await placed).status).toBe("filled");
  });

  it("says that an order did not arrive only when it cannot arrive any more", async () => {
    const placed = orders.place(PLACEMENT).catch((reason: Error) => reason.message);
    world.socket.refuse("order.place", { code: "outcome_unknown", message: "no answer" });
    await world.pass(5_000);
    expect(world.socket.asked("order.get")).toEqual([]);
    await world.pass(1_000);
    world.socket.refuse("order.get", { code: "unknown_order", message: "no such order" });
    expect(await placed).toBe("The connection was lost and the order did not arrive.");
  });

  it("fails at once when there is no connection, because nothing was sent", async () => {
    world.socket.listener.closed();
    await expect(orders.place(PLACEMENT)).rejects.toThrow("Not connected: nothing was sent.");
  });
});

describe("canceling", () => {
  it("is marked until the answer, and what is open changes with the report alone", async () => {
    snapshot([order()], 1);
    const done = orders.cancel(order());
    expect([...orders.canceling.value]).toEqual(["1-1"]);
    world.socket.answer("order.cancel", order({ status: "canceled" }));
    await done;
    expect([[...orders.canceling.value], open()]).toEqual([[], ["1-1 open 10"]]);
  });

  it("that is refused says why, but not when the order has ended in the meantime", async () => {
    const late = orders.cancel(order());
    world.socket.refuse("order.cancel", { code: "order_done", message: "the order has ended" });
    await late;
    expect(said()).toEqual([]);
    const refused = orders.cancel(order());
    world.socket.refuse("order.cancel", { code: "rate_limited", message: "too fast" });
    await refused;
    expect(said()).toEqual(["Cancel of ACME 1-1: too fast"]);
  });
});

describe("amending", () => {
  it("sends what is to be different, and what is open changes with the report alone", async () => {
    snapshot([order()], 1);
    const done = orders.amend(order(), { price: "101.10" });
    expect(world.socket.asked("order.amend")[0]?.params).toEqual({ order_id: "1-1", price: "101.10" });
    world.socket.answer("order.amend", order({ price: "101.10" }));
    await done;
    expect(orders.open.value.map((each) => each.price)).toEqual(["101.20"]);
    world.socket.say(report(2, "amended", { price: "101.10" }));
    expect(orders.open.value.map((each) => each.price)).toEqual(["101.10"]);
  });

  it("of a stop that is moved means its stop price; a refusal is told", async () => {
    const moved = orders.move(order({ type: "stop", price: null, stop_price: "99.00" }), "98.00");
    expect(world.socket.asked("order.amend")[0]?.params).toEqual({ order_id: "1-1", stop_price: "98.00" });
    world.socket.refuse("order.amend", { code: "would_trigger", message: "it would trigger at once" });
    await moved;
    expect(said()).toEqual(["Move of ACME buy to 98.00: it would trigger at once"]);
  });
});

describe("canceling all", () => {
  it("says how many orders that were", async () => {
    const done = orders.cancelAll({ symbol: "ACME" });
    expect([world.socket.asked("order.cancel_all")[0]?.params, orders.cancelingAll.value]).toEqual([{ symbol: "ACME" }, true]);
    world.socket.answer("order.cancel_all", { canceled: 1 });
    await done;
    expect([said(), orders.cancelingAll.value]).toEqual([["Canceled 1 order of ACME"], false]);
  });
});

describe("the end of an order", () => {
  it.each([
    ["expired", "day_ended", ["Buy 10 ACME expired: day ended"]],
    ["expired", "no_liquidity", []],
    ["canceled", "requested", []],
    ["canceled", "disconnected", ["Buy 10 ACME was canceled: disconnected"]],
  ] as const)("that is %s by %s", (exec, reason, sentences) => {
    world.socket.say(report(1, exec, { status: exec, reason: reason as Order["reason"] }));
    expect(said()).toEqual(sentences);
  });

  it("is kept in the history of the session, and its fills too", () => {
    world.socket.say(report(1, "trade", { status: "filled", filled_quantity: "10", open_quantity: "0" }));
    expect(history.fills.value.map((fill) => [fill.price, fill.quantity])).toEqual([["101.20", "4"]]);
    expect(history.ended.value.map((each) => each.status)).toEqual(["filled"]);
  });
});
