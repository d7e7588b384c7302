import { describe, expect, it } from "vitest";
import { age, Clock, timeLeft } from "../src/clock";
import { csvOf } from "../src/csv";
import { Latency } from "../src/latency";
import { phaseFault, phaseWords } from "../src/status";
import { phase } from "./samples";

describe("a sheet of comma-separated values", () => {
  it("quotes what needs it and ends each line as RFC 4180 has it", () => {
    expect(csvOf(["a", "b"], [["x,y", 'say "no"'], [1.5, null]])).toBe('a,b\r\n"x,y","say ""no"""\r\n1.5,\r\n');
  });

  it("holds no formula, and leaves negative numbers as they are", () => {
    expect(csvOf(["a", "b", "c"], [["=1+1", "-2.50", "-A1"]])).toBe("a,b,c\r\n'=1+1,-2.50,'-A1\r\n");
  });
});

describe("the exchange's clock", () => {
  it("goes on from its last heartbeat, whatever the local clock says", () => {
    const clock = new Clock(() => 1_000);
    clock.heard("2026-11-22T10:00:00.000000000Z");
    expect(new Date(clock.now.value).toISOString()).toBe("2026-11-22T10:00:00.000Z");
  });

  it.each([
    ["2026-11-22T10:01:05Z", "1:05"],
    ["2026-11-22T12:00:05Z", "2:00:05"],
    ["2026-11-22T09:59:00Z", "0:00"],
  ])("counts down to %s", (until, left) => {
    expect(timeLeft(until, Date.parse("2026-11-22T10:00:00Z"))).toBe(left);
  });

  it.each([
    ["2026-11-22T10:00:00.900Z", "0 s"],
    ["2026-11-22T09:59:01Z", "59 s"],
    ["2026-11-22T09:59:00Z", "1 min"],
    ["2026-11-22T09:00:01Z", "59 min"],
    ["2026-11-22T07:00:00Z", "3 h"],
  ])("says how long ago %s was", (moment, told) => {
    expect(age(moment, Date.parse("2026-11-22T10:00:00Z"))).toBe(told);
  });
});

describe("percentiles", () => {
  it("are of the last answers by nearest rank", () => {
    const latency = new Latency();
    expect(latency.percentiles.value).toBeNull();
    for (let value = 1; value <= 300; value += 1) latency.add(value);
    expect(latency.percentiles.value).toEqual({ p50: 200, p99: 298 });
  });
});

describe("a phase", () => {
  it.each([
    ["continuous", "gtc", ""],
    ["continuous", "at_close", ""],
    ["continuous", "at_open", "The opening auction is over: choose another time in force."],
    ["pre_open", "at_open", ""],
    ["auction", "gtc", ""],
    ["auction", "ioc", "In an auction nothing trades at once: choose another time in force."],
    ["closed", "gtc", "The market is closed: only cancels are taken."],
    ["cancel_only", "gtc", "Only cancels are taken now."],
    ["halted", "gtc", "Trading is halted: only cancels are taken."],
  ] as const)("%s and an order that is %s", (name, timeInForce, fault) => {
    expect(phaseFault(phase(name), timeInForce)).toBe(fault);
  });

  it("is told by the kind of its auction", () => {
    expect(phaseWords(phase("auction", { kind: "volatility" }))).toBe("Volatility auction");
    expect(phaseWords(phase("auction"))).toBe("Auction");
    expect(phaseWords(phase("pre_open"))).toBe("Pre-open");
  });
});
