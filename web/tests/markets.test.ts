import { signal } from "@preact/signals-core";
import { beforeEach, describe, expect, it } from "vitest";
import { Feed } from "../src/exchange_socket";
import { Frames } from "../src/frames";
import { Markets, OPEN_MAX } from "../src/markets";
import { Preferences } from "../src/preferences";
import type { Level, Order } from "../src/protocol";
import { instrument, order, trades } from "./samples";
import { settled, World } from "./world";

let world: World;
let feed: Feed;
let markets: Markets;
let frame: () => void;
let preferences: Preferences;
const open = signal<readonly Order[]>([]);
const symbols = signal<readonly string[]>([]);

beforeEach(async () => {
  world = new World();
  feed = new Feed(world);
  preferences = new Preferences({ getItem: () => null, setItem: () => undefined });
  open.value = [];
  symbols.value = [];
  frame = () => undefined;
  const api = { get: <Answer>(): Promise<Answer> => Promise.resolve({ trades: trades([10, 11]) } as Answer) };
  markets = new Markets(
    { symbols },
    {
      api,
      feed,
      frames: new Frames((run) => (frame = run), () => 0),
      orders: { open },
      preferences,
      instrument: (symbol) => instrument({ symbol }),
      status: () => null,
    },
  );
  feed.start();
  world.socket.listener.opened();
  symbols.value = ["ACME", "BIRCH"];
  await settled();
});

function book(symbol: string, bids: Level[], asks: Level[], checksum: number): void {
  world.socket.say({ channel: "book", type: "snapshot", symbol, seq: 1, bids, asks, checksum });
}

function subscribed(channel: string): unknown[] {
  return world.socket.asked("subscribe").filter(({ params }) => params["channel"] === channel).map(({ params }) => [params["symbols"], params["interval_ms"]]);
}

function bidAt(price: string): string | undefined {
  return markets.current.value?.ladder.rows.value.map((row) => row.value).find((row) => row.price === price)?.bid;
}

describe("open instruments", () => {
  it("begin with the first that is listed, its book and its trades", () => {
    expect([markets.symbol.value, subscribed("book"), subscribed("trades")]).toEqual(["ACME", [[["ACME"], 20]], [[["ACME"], undefined]]]);
  });

  it("stay open and hear on while another is looked at", async () => {
    markets.look("BIRCH");
    await settled();
    expect(markets.open.value.map((market) => market.symbol)).toEqual(["ACME", "BIRCH"]);
    expect(world.socket.asked("unsubscribe")).toEqual([]);
    book("ACME", [["101.00", "5"]], [], 986_465_705);
    frame();
    markets.look("ACME");
    frame();
    expect(bidAt("101.00")).toBe("5");
  });

  it("leave their channels when they are closed, and the neighbour is looked at; the last one stays", async () => {
    markets.look("BIRCH");
    await settled();
    markets.close("BIRCH");
    markets.close("ACME");
    expect([markets.symbol.value, markets.open.value.length]).toEqual(["ACME", 1]);
    expect(world.socket.asked("unsubscribe").map(({ params }) => params["channel"]).sort()).toEqual(["book", "trades"]);
  });

  it("are closed when they are taken off the exchange, the last one for another", () => {
    markets.look("BIRCH");
    symbols.value = ["ACME"];
    expect([markets.symbol.value, markets.open.value.map((market) => market.symbol)]).toEqual(["ACME", ["ACME"]]);
    symbols.value = ["COBALT"];
    expect([markets.symbol.value, markets.open.value.map((market) => market.symbol)]).toEqual(["COBALT", ["COBALT"]]);
  });

  it("draw no candle for a trade that is undone and older than what is known", () => {
    world.socket.say({ channel: "trades", type: "snapshot", symbol: "ACME", seq: 9, trades: trades([10], 8) });
    const [undone] = trades([12], 3);
    world.socket.say({ channel: "trades", type: "update", symbol: "ACME", prev: 9, seq: 10, trades: [{ ...undone, bust: true }] });
    world.socket.say({ channel: "trades", type: "update", symbol: "ACME", prev: 10, seq: 11, trades: trades([11], 9) });
    const bars = markets.current.value?.candles.bars ?? [];
    expect([bars.map((bar) => bar.high), bars.reduce((sum, bar) => sum + bar.volume, 0)]).toEqual([[11], 8]);
  });

  it("are bounded: the first opened makes room", () => {
    for (let index = 0; index < OPEN_MAX; index += 1) markets.look(`S${index}`);
    expect([markets.open.value.length, markets.open.value[0]?.symbol]).toEqual([OPEN_MAX, "S0"]);
  });
});

describe("the instrument that is looked at", () => {
  it("draws once a frame, however much it heard", () => {
    book("ACME", [["101.00", "5"]], [], 986_465_705);
    expect(bidAt("101.00")).toBeUndefined();
    frame();
    expect(bidAt("101.00")).toBe("5");
  });

  it("has candles of the trades that were before it was opened", () => {
    expect(markets.current.value?.candles.bars.map((bar) => bar.close)).toEqual([11]);
  });

  it("shows the orders of its own instrument alone", () => {
    open.value = [order({ symbol: "ACME" }), order({ symbol: "BIRCH", order_id: "2-1" })];
    expect(markets.current.value?.own.value.map((each) => each.order_id)).toEqual(["1-1"]);
  });

  it("asks for its book again when it is to move as often as it changes", async () => {
    preferences.choose("interval", 0);
    await settled();
    expect(subscribed("book").at(-1)).toEqual([["ACME"], 0]);
  });
});
