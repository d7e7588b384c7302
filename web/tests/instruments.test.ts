import { beforeEach, describe, expect, it } from "vitest";
import { Feed } from "../src/exchange_socket";
import { Frames } from "../src/frames";
import { Instruments } from "../src/instruments";
import { Sparklines } from "../src/sparklines";
import { Statuses } from "../src/status";
import { instrument } from "./samples";
import { settled, World } from "./world";

let world: World;
let instruments: Instruments;
let frame: () => void;

beforeEach(async () => {
  world = new World();
  frame = () => undefined;
  const feed = new Feed(world);
  const frames = new Frames((run) => (frame = run), () => 0);
  instruments = new Instruments(feed, frames, new Statuses(feed, frames), new Sparklines(() => world.time));
  feed.start();
  world.socket.listener.opened();
  world.socket.say({ channel: "instruments", type: "snapshot", symbol: "BIRCH", seq: 1, instrument: instrument({ symbol: "BIRCH" }) });
  world.socket.say({ channel: "instruments", type: "snapshot", symbol: "ACME", seq: 1, instrument: instrument() });
  await settled();
});

function asked(method: "subscribe" | "unsubscribe"): unknown[] {
  const parameters = world.socket.asked(method).map(({ params }) => params);
  return parameters.filter(({ symbols }) => symbols !== undefined).map(({ channel, symbols }) => [channel, symbols]);
}

describe("instruments", () => {
  it("are listed by symbol, the phase and the ticker of each followed", () => {
    expect(instruments.symbols.value).toEqual(["ACME", "BIRCH"]);
    expect(asked("subscribe")).toEqual([["status", ["BIRCH", "ACME"]], ["ticker", ["BIRCH", "ACME"]]]);
  });

  it("are left when they are taken off the exchange, with what was last said of them", () => {
    world.socket.say({ channel: "ticker", type: "snapshot", symbol: "ACME", seq: 1, last: "101.20" });
    frame();
    const gone = instrument({ delisted: true });
    world.socket.say({ channel: "instruments", type: "update", symbol: "ACME", prev: 1, seq: 2, instrument: gone });
    expect([instruments.symbols.value, instruments.get("ACME"), instruments.ticker("ACME").value]).toEqual([["BIRCH"], null, null]);
    expect(asked("unsubscribe")).toEqual([["status", ["ACME"]], ["ticker", ["ACME"]]]);
  });

  it("are left when they are asked for again after a break and refused", async () => {
    world.socket.listener.closed();
    await world.pass(500);
    world.socket.listener.opened();
    await settled();
    for (const { id, params } of world.socket.asked("subscribe").filter(({ params }) => params["channel"] === "ticker")) {
      world.socket.say({ id, error: { code: "unknown_instrument", message: "there is none" } });
      expect(params["symbols"]).toEqual(["BIRCH", "ACME"]);
    }
    await settled();
    const alone = world.socket.asked("subscribe").find(({ params }) => `${params["channel"]} ${String(params["symbols"])}` === "ticker ACME");
    world.socket.say({ id: alone?.id, error: { code: "unknown_instrument", message: "there is none" } });
    await settled();
    expect([instruments.symbols.value, instruments.get("ACME")]).toEqual([["BIRCH"], null]);
  });

  it("that come back are followed again", async () => {
    const said = (seq: number, delisted: boolean): object =>
      ({ channel: "instruments", type: "update", symbol: "ACME", prev: seq - 1, seq, instrument: instrument({ delisted }) });
    world.socket.say(said(2, true));
    world.socket.say(said(3, false));
    await settled();
    expect(instruments.symbols.value).toEqual(["ACME", "BIRCH"]);
    expect(asked("subscribe").slice(2)).toEqual([["status", ["ACME"]], ["ticker", ["ACME"]]]);
  });
});
