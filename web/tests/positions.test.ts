import { describe, expect, it } from "vitest";
import { Api, type Fetch } from "../src/api";
import { History, KEPT_MAX } from "../src/history";
import { Positions, profitOf } from "../src/positions";
import type { OrdersUpdate, Position, PositionsSnapshot } from "../src/protocol";
import { ConnectionLost, Refusal } from "../src/refusal";
import type { Subscription } from "../src/subscriptions";
import { order } from "./samples";

function position(symbol: string, quantity: string): Position {
  return { symbol, quantity, average_price: "10.00", realised: "1.50", unrealised: "-0.25", fees: "0.10" };
}

function held(): { positions: Positions; say(type: "snapshot" | "update", ...rows: Position[]): void } {
  const taken: Extract<Subscription, { channel: "positions" }>[] = [];
  const positions = new Positions({ subscribe: (one) => (one.channel === "positions" && taken.push(one), () => undefined) });
  const rest = { channel: "positions", account: "demo-1", seq: 1, limits: [], used: [] } satisfies Partial<PositionsSnapshot>;
  return {
    positions,
    say: (type, ...rows) =>
      void taken[0]?.take(type === "snapshot" ? { ...rest, type, positions: rows } : { ...rest, type, prev: 0, positions: rows }),
  };
}

describe("positions", () => {
  it("are those of the snapshot and what changed since; flat ones go", () => {
    const { positions, say } = held();
    say("snapshot", position("BIRCH", "5"), position("ACME", "-3"));
    say("update", position("BIRCH", "0"), position("COBALT", "1"));
    expect(positions.held.value.map((each) => `${each.symbol} ${each.quantity}`)).toEqual(["ACME -3", "COBALT 1"]);
    expect(positions.of("ACME")?.quantity).toBe("-3");
  });

  it("are those of a new snapshot alone", () => {
    const { positions, say } = held();
    say("snapshot", position("BIRCH", "5"));
    say("snapshot", position("ACME", "1"));
    expect(positions.held.value.map((each) => each.symbol)).toEqual(["ACME"]);
  });

  it("make a profit after fees, exactly", () => {
    expect(profitOf([position("ACME", "1"), position("BIRCH", "1")])).toBe("2.30");
  });
});

describe("the history of the session", () => {
  const filled = (tradeId: number, exec = "trade"): OrdersUpdate =>
    ({
      channel: "orders", type: "update", partition: 1, prev: 0, seq: tradeId, cursor: `1-${tradeId}`, exec,
      last_price: "10.00", last_quantity: "1", trade_id: tradeId, fee: "0.01", liquidity: "maker", order: order(),
    }) as OrdersUpdate;

  it("has the newest fill first, and marks what was undone", () => {
    const history = new History();
    history.add(filled(1));
    history.add(filled(2));
    history.add(filled(1, "busted"));
    expect(history.fills.value.map((fill) => [fill.tradeId, fill.busted])).toEqual([[2, false], [1, true]]);
  });

  it("is bounded", () => {
    const history = new History();
    for (let trade = 1; trade <= KEPT_MAX + 5; trade += 1) history.add(filled(trade));
    expect([history.fills.value.length, history.fills.value[0]?.tradeId]).toEqual([KEPT_MAX, KEPT_MAX + 5]);
  });
});

describe("questions over HTTP", () => {
  const answering = (status: number, body: unknown, seen: RequestInit[] = []): Fetch => (_, request) => {
    seen.push(request);
    return Promise.resolve({ ok: status < 300, status, json: () => (body === undefined ? Promise.reject(new Error("no JSON")) : Promise.resolve(body)) });
  };

  it("carry the token of whoever is logged in, and a body as JSON", async () => {
    const seen: RequestInit[] = [];
    await new Api(answering(200, {}, seen), () => "t").ask("POST", "/v1/orders", { a: 1 });
    expect(seen).toEqual([{ method: "POST", headers: { "Content-Type": "application/json", Authorization: "Bearer t" }, body: '{"a":1}' }]);
  });

  it.each([
    ["a problem of the exchange", answering(403, { code: "forbidden", message: "no" }), new Refusal({ code: "forbidden", message: "no" })],
    ["anything else", answering(502, undefined), new Refusal({ code: "unavailable", message: "The exchange answered with status 502." })],
    ["no answer", () => Promise.reject(new Error("down")), new ConnectionLost(false)],
  ])("fail with what is known: %s", async (_, fetch, reason) => {
    await expect(new Api(fetch, () => "").get("/v1/time")).rejects.toEqual(reason);
  });
});
