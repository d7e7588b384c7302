import { beforeEach, describe, expect, it } from "vitest";
import { Feed, SILENT_AFTER_MS, STALE_AFTER_MS } from "../src/exchange_socket";
import type { TradesFrame, TradesSnapshot, TradesUpdate } from "../src/protocol";
import { ConnectionLost, Refusal } from "../src/refusal";
import { settled, World } from "./world";

let world: World;
let feed: Feed;
let taken: TradesFrame[];

beforeEach(() => {
  world = new World();
  feed = new Feed(world);
  taken = [];
  feed.start();
});

function follow(symbol: string): () => void {
  const take = (frame: TradesFrame): boolean => taken.push(frame) > 0 && frame.journal !== "wrong";
  return feed.subscribe({ channel: "trades", symbol, take });
}

function snapshot(seq: number): TradesSnapshot {
  return { channel: "trades", type: "snapshot", symbol: "ACME", seq, journal: "1.0", trades: [] };
}

function update(prev: number, seq: number, journal = "1.0"): TradesUpdate {
  return { channel: "trades", type: "update", symbol: "ACME", prev, seq, journal, trades: [] };
}

async function opened(): Promise<void> {
  world.socket.listener.opened();
  await settled();
  world.socket.say({ channel: "heartbeat", type: "snapshot", seq: 1, symbols: {}, stale: [] });
}

/** Busts are lines of the tape too, so `trade_id` falls behind and says nothing of what is missing. */
function heartbeat(seq: number, trade_seq: number): object {
  const symbols = { ACME: { trade_id: 1, trade_seq } };
  return { channel: "heartbeat", type: "update", prev: seq - 1, seq, symbols, stale: [] };
}

/** What was asked for on the newest connection, heartbeats aside. */
function subscribed(): Record<string, unknown>[] {
  const asked = world.socket.asked("subscribe").map((request) => request.params);
  return asked.filter((parameters) => parameters.channel !== "heartbeat");
}

describe("requests", () => {
  it("get the answer with their id, whatever order answers come in", async () => {
    await opened();
    const first = feed.request("order.place", { symbol: "ACME" });
    const second = feed.request("order.get", {});
    world.socket.answer("order.get", "second");
    world.socket.answer("order.place", "first");
    expect(await Promise.all([first, second])).toEqual(["first", "second"]);
  });

  it("are refused with the exchange's code and field", async () => {
    await opened();
    const asked = feed.request("order.place");
    world.socket.refuse("order.place", { code: "price_off_tick", message: "no", field: "price" });
    const reason = await asked.catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(Refusal);
    expect(reason).toMatchObject({ code: "price_off_tick", field: "price" });
  });

  it("say whether they were sent when the connection is lost", async () => {
    const early = await feed.request("time").catch((error: unknown) => error);
    await opened();
    const asked = feed.request("time").catch((error: unknown) => error);
    world.socket.listener.closed();
    expect(early).toEqual(new ConnectionLost(false));
    expect(await asked).toEqual(new ConnectionLost(true));
  });
});

describe("subscriptions", () => {
  it("to one channel are asked for together", async () => {
    await opened();
    follow("ACME");
    follow("BIRCH");
    await settled();
    expect(subscribed()).toEqual([
      { channel: "trades", symbols: ["ACME", "BIRCH"] },
    ]);
  });

  it("hand on a snapshot and the updates that follow it, and nothing before", async () => {
    follow("ACME");
    await opened();
    world.socket.say(update(3, 4));
    world.socket.say(snapshot(7));
    world.socket.say(update(7, 9));
    expect(taken.map((frame) => frame.seq)).toEqual([7, 9]);
    expect(feed.connection.value).toBe("live");
  });

  it.each([
    ["a gap in the sequence", update(8, 9)],
    ["a frame that its subscriber calls wrong", update(7, 8, "wrong")],
  ])("start again after %s", async (_, bad) => {
    follow("ACME");
    await opened();
    world.socket.say(snapshot(7));
    world.socket.say(bad);
    expect(feed.connection.value).toBe("resyncing");
    await settled();
    world.socket.say(update(8, 9));
    world.socket.say(snapshot(12));
    expect(taken.at(-1)?.seq).toBe(12);
    expect(subscribed()).toHaveLength(2);
    expect([feed.connection.value, feed.gaps.value]).toEqual(["live", 1]);
  });

  it("start again when a heartbeat says that more was sent than came", async () => {
    follow("ACME");
    await opened();
    world.socket.say(snapshot(7));
    world.socket.say(heartbeat(2, 7));
    expect(feed.connection.value).toBe("live");
    world.socket.say(heartbeat(3, 8));
    await settled();
    expect([feed.connection.value, subscribed().length]).toEqual(["resyncing", 2]);
  });

  it("that are left are told so and hand on nothing more", async () => {
    const leave = follow("ACME");
    await opened();
    world.socket.say(snapshot(7));
    leave();
    world.socket.say(update(7, 8));
    expect(world.socket.asked("unsubscribe")[0]?.params).toEqual({ channel: "trades", symbols: ["ACME"] });
    expect(taken).toHaveLength(1);
  });

  it("are asked for again when they were refused", async () => {
    await opened();
    follow("ACME");
    await settled();
    world.socket.refuse("subscribe", { code: "unavailable", message: "no leader" });
    await world.pass(3_000);
    expect(subscribed()).toHaveLength(2);
  });

  it("to an instrument that is gone end alone, and are tried again only with the next connection", async () => {
    const gone: string[] = [];
    await opened();
    follow("ACME");
    feed.subscribe({ channel: "trades", symbol: "BIRCH", take: () => true, unknown: () => gone.push("BIRCH") });
    await settled();
    world.socket.refuse("subscribe", { code: "unknown_instrument", message: "there is none", field: "symbols" });
    await settled();
    world.socket.refuse("subscribe", { code: "unknown_instrument", message: "there is none", field: "symbols" });
    await world.pass(3_000);
    world.socket.say(snapshot(7));
    const symbols = subscribed().map((parameters) => (parameters as { symbols: string[] }).symbols);
    expect([symbols, gone, feed.connection.value]).toEqual([[["ACME", "BIRCH"], ["ACME"], ["BIRCH"]], ["BIRCH"], "live"]);
    world.socket.listener.closed();
    await world.pass(500);
    await opened();
    expect(subscribed()).toHaveLength(1);
  });

  it("to private channels wait for a login, and begin again with each", async () => {
    feed.subscribe({ channel: "orders", personal: true, take: () => true });
    await opened();
    expect(subscribed()).toEqual([]);
    feed.login("token");
    world.socket.answer("login");
    await settled();
    expect(subscribed()).toEqual([{ channel: "orders" }]);
    feed.login("another");
    world.socket.answer("login");
    await settled();
    expect(subscribed()).toHaveLength(2);
  });
});

describe("the connection", () => {
  it("comes back after a random time with its login and subscriptions", async () => {
    feed.login("token");
    follow("ACME");
    await opened();
    world.socket.say(snapshot(7));
    world.socket.listener.closed();
    expect(feed.connection.value).toBe("down");
    await world.pass(1_000);
    expect(world.sockets).toHaveLength(2);
    await opened();
    expect(world.socket.sent.map((request) => request.method)).toEqual(["login", "ping", "subscribe", "subscribe"]);
    expect(feed.connection.value).toBe("resyncing");
    world.socket.say(snapshot(20));
    expect(feed.connection.value).toBe("live");
  });

  it("waits longer with each failure, and not much more than eight seconds", async () => {
    for (let failure = 0; failure < 12; failure += 1) {
      world.socket.listener.closed();
      await world.pass(8_000);
      expect(world.sockets).toHaveLength(failure + 2);
    }
    world.socket.listener.closed();
    await world.pass(4_000);
    expect(world.sockets).toHaveLength(13);
  });

  it("is stale when nothing is heard, live again when something is, and given up when it stays silent", async () => {
    follow("ACME");
    await opened();
    world.socket.say(snapshot(7));
    await world.pass(STALE_AFTER_MS + 500);
    expect(feed.connection.value).toBe("stale");
    world.socket.say(update(7, 8));
    expect(feed.connection.value).toBe("live");
    const silent = world.socket;
    await world.pass(SILENT_AFTER_MS + 500);
    expect(feed.connection.value).toBe("down");
    expect(silent.closedByScreen).toBe(true);
  });

  it("measures how long the exchange takes for orders, refusals too", async () => {
    await opened();
    for (const [method, wait] of [["order.place", 8], ["order.cancel", 30], ["order.get", 500]] as const) {
      const asked = feed.request(method).catch(() => undefined);
      await world.pass(wait);
      if (method === "order.cancel") world.socket.refuse(method, { code: "order_done", message: "over" });
      else world.socket.answer(method);
      await asked;
    }
    expect(feed.orderAnswers.percentiles.value).toEqual({ p50: 8, p99: 30 });
  });

  it("ends with a logout and comes back without the token", async () => {
    feed.login("token");
    await opened();
    feed.logout();
    expect([world.socket.closedByScreen, feed.connection.value]).toEqual([true, "down"]);
    await world.pass(500);
    await opened();
    expect(world.socket.asked("login")).toEqual([]);
  });

  it("measures the round trip", async () => {
    await opened();
    await world.pass(12);
    world.socket.answer("ping");
    await settled();
    expect(feed.roundTripMs.value).toBe(12);
  });

  it("says why a login was refused", async () => {
    feed.login("old");
    await opened();
    world.socket.refuse("login", { code: "token_expired", message: "expired" });
    await settled();
    expect(feed.loginRefusal.value?.code).toBe("token_expired");
  });
});
