import { beforeEach, describe, expect, it } from "vitest";
import type { Account, Limits } from "../src/protocol";
import { KillForm, targetOf } from "../src/console/kill_switch";
import { LimitsForm } from "../src/console/limits";
import { type Partition, Partitions, fullnessOf, isFilling, reasonsOf, stateOf } from "../src/console/partitions";
import { PhaseSteps, stepsFrom } from "../src/console/phases";
import { Poll } from "../src/console/poll";
import { settled, World } from "./world";

let asked: string[];
let answers: Record<string, unknown>;
let changes: number;
const changed = (): void => void (changes += 1);

beforeEach(() => {
  asked = [];
  answers = {};
  changes = 0;
});

/** An exchange that answers by method and path; an Error is thrown. */
const api = {
  get: <Answer>(path: string): Promise<Answer> => api.ask("GET", path),
  ask: <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    asked.push(`${method} ${path}${body === undefined ? "" : ` ${JSON.stringify(body)}`}`);
    const answer = answers[`${method} ${path}`];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer as Answer);
  },
};

describe("a repeated question", () => {
  it("is asked again some time after each answer, and no more after it was stopped", async () => {
    const world = new World();
    let times = 0;
    const poll = new Poll(() => Promise.resolve((times += 1)), 1_000, world);
    poll.start();
    await world.pass(2_500);
    expect(poll.answer.value).toBe(3);
    poll.stop();
    await world.pass(5_000);
    expect(times).toBe(3);
  });

  it("keeps the last answer when there is none, and says why", async () => {
    const world = new World();
    let answer: () => Promise<string> = () => Promise.resolve("well");
    const poll = new Poll(() => answer(), 1_000, world);
    poll.start();
    await settled();
    answer = () => Promise.reject(new Error("lost"));
    await world.pass(1_000);
    expect([poll.answer.value, poll.fault.value]).toEqual(["well", "lost"]);
    answer = () => Promise.resolve("well again");
    await world.pass(1_000);
    expect([poll.answer.value, poll.fault.value]).toEqual(["well again", ""]);
  });
});

describe("the kill switch", () => {
  it("does nothing before the name is typed out", async () => {
    const form = new KillForm(api, changed);
    form.scope.value = "account";
    form.name.value = "demo-1";
    form.typed.value = "demo";
    await form.send();
    expect([form.ready.value, asked.filter((each) => each.startsWith("POST"))]).toEqual([false, []]);
  });

  it("says how many orders it would find, of whom it is about", async () => {
    answers["GET /v1/admin/kill-switch?account=demo-1"] = { open_orders: 7, switches: [] };
    const form = new KillForm(api, changed);
    form.name.value = "demo-1";
    form.scope.value = "account";
    await settled();
    expect([form.openOrders.value, form.cancels.value]).toEqual([7, true]);
  });

  it("stops an account with all its orders, and says what it did", async () => {
    answers["POST /v1/admin/kill-switch"] = { account: "demo-1", symbol: null, active: true, canceled: 1 };
    const form = new KillForm(api, changed);
    form.scope.value = "account";
    form.name.value = form.typed.value = "demo-1";
    form.reason.value = "runaway";
    await form.send();
    expect(asked).toContain('POST /v1/admin/kill-switch {"account":"demo-1","active":true,"cancel":true,"reason":"runaway"}');
    expect([form.done.value, form.typed.value, changes]).toEqual(["Stopped account demo-1: 1 order canceled.", "", 1]);
  });

  it("leaves resting orders of an instrument unless it is told otherwise", async () => {
    answers["POST /v1/admin/kill-switch"] = { account: null, symbol: "ACME", active: true, canceled: 0 };
    const form = new KillForm(api, changed);
    form.name.value = form.typed.value = "ACME";
    await form.send();
    form.cancel.value = true;
    form.typed.value = "ACME";
    await form.send();
    expect(asked.filter((each) => each.startsWith("POST"))).toEqual([
      'POST /v1/admin/kill-switch {"symbol":"ACME","active":true}',
      'POST /v1/admin/kill-switch {"symbol":"ACME","active":true,"cancel":true}',
    ]);
  });

  it("wants the word for everything before it stops everything", async () => {
    answers["POST /v1/admin/kill-switch"] = { account: null, symbol: null, active: true, canceled: 3 };
    const form = new KillForm(api, changed);
    form.scope.value = "exchange";
    form.name.value = form.typed.value = "ACME";
    await form.send();
    form.typed.value = "EXCHANGE";
    await form.send();
    expect(asked.filter((each) => each.startsWith("POST"))).toEqual(['POST /v1/admin/kill-switch {"active":true}']);
    expect(form.done.value).toBe("Stopped the whole exchange: 3 orders canceled.");
  });

  it("lets go on who was stopped, and shows a refusal", async () => {
    answers["POST /v1/admin/kill-switch"] = new Error("busy");
    const form = new KillForm(api, changed);
    await form.lift({ account: "demo-1", symbol: null });
    expect([asked.at(-1), form.fault.value]).toEqual(['POST /v1/admin/kill-switch {"account":"demo-1","active":false}', "busy"]);
    expect(targetOf({ account: null, symbol: "ACME" })).toBe("instrument ACME");
  });
});

describe("limits", () => {
  const limits = (given: Partial<Limits>): Limits => ({
    symbol: null, enabled: null, max_quantity: null, max_value: null, max_open_orders: null, max_long: null, max_short: null,
    maker_bps: null, taker_bps: null, cross_bps: null, ...given,
  });
  const account: Account = {
    account: "demo-1", cash: "0", fees: "0", positions: [], used: [],
    limits: [limits({ max_quantity: "100", max_open_orders: 5 }), limits({ symbol: "ACME", enabled: false })],
  };
  let form: LimitsForm;

  beforeEach(async () => {
    answers["GET /v1/admin/accounts/demo-1"] = answers["PUT /v1/admin/accounts/demo-1/limits"] = account;
    form = new LimitsForm(api, changed);
    await form.look("demo-1");
  });

  it("are shown as they are, those of one instrument when it is chosen", () => {
    expect([form.amounts.max_quantity.value, form.enabled.value]).toEqual(["100", true]);
    form.choose("ACME");
    expect([form.amounts.max_quantity.value, form.enabled.value]).toEqual(["", false]);
  });

  it("send only what is different; an empty field takes a limit away", async () => {
    form.amounts.max_quantity.value = "";
    form.amounts.max_open_orders.value = "9";
    form.amounts.taker_bps.value = " 1.5 ";
    await form.send();
    expect(asked.at(-1)).toBe('PUT /v1/admin/accounts/demo-1/limits {"max_quantity":null,"max_open_orders":9,"taker_bps":"1.5"}');
    expect([form.done.value, changes]).toEqual(["Changed max quantity, max open orders, taker bps.", 1]);
  });

  it("send nothing when nothing is different, and name the instrument that was chosen", async () => {
    await form.send();
    expect(form.done.value).toBe("Nothing is different.");
    form.choose("ACME");
    form.enabled.value = true;
    await form.send();
    expect(asked.at(-1)).toBe('PUT /v1/admin/accounts/demo-1/limits {"enabled":true,"symbol":"ACME"}');
  });
});

describe("phases", () => {
  const NOW = Date.parse("2026-11-22T10:00:00Z");

  it.each([
    ["halt", '{"phase":"halted"}'],
    ["resume", '{"phase":"continuous","lift":true}'],
    ["open", '{"phase":"continuous"}'],
    ["close", '{"phase":"closed"}'],
    ["pre_open", '{"phase":"pre_open"}'],
    ["cancel_only", '{"phase":"cancel_only"}'],
    ["call", '{"phase":"auction","until":"2026-11-22T10:01:00.000Z"}'],
  ] as const)("%s is sent when it is confirmed, not before", async (step, body) => {
    const steps = new PhaseSteps(api, () => NOW, changed);
    steps.callSeconds.value = "60";
    steps.choose("ACME", step);
    expect(asked).toEqual([]);
    await steps.confirm();
    expect([asked, steps.chosen.value]).toEqual([[`POST /v1/admin/instruments/ACME/phase ${body}`], null]);
  });

  it("stay chosen when they are refused, with what was said", async () => {
    answers["POST /v1/admin/instruments/ACME/phase"] = new Error("not from there");
    const steps = new PhaseSteps(api, () => NOW, changed);
    steps.reason.value = "news";
    steps.choose("ACME", "halt");
    await steps.confirm();
    expect([steps.fault.value, steps.chosen.value?.step, asked]).toEqual([
      "Halt ACME: not from there", "halt", ['POST /v1/admin/instruments/ACME/phase {"phase":"halted","reason":"news"}'],
    ]);
  });

  it("lead only where there is something to lead to", () => {
    expect(stepsFrom("halted")).toEqual(["resume", "close"]);
    expect(stepsFrom("continuous")).not.toContain("open");
    expect(stepsFrom("auction")).toContain("open");
  });
});

describe("partitions", () => {
  it("grow at a rate that two looks tell", async () => {
    const world = new World();
    answers["GET /v1/admin/partitions"] = { partitions: [{ partition: 0, available: true, sequence: 100 }, { partition: 1, available: false }] };
    const partitions = new Partitions(api, world);
    partitions.poll.start();
    await settled();
    expect([...partitions.rates.value]).toEqual([]);
    answers["GET /v1/admin/partitions"] = { partitions: [{ partition: 0, available: true, sequence: 350 }] };
    await world.pass(1_000);
    expect([...partitions.rates.value]).toEqual([[0, 250]]);
  });

  it("are an alarm as long as an order would not be answered", async () => {
    const dead = { partition: 1, available: false, why: "no worker answers for partition 1", stopped: null };
    answers["GET /v1/admin/partitions"] = { partitions: [{ partition: 0, available: true, why: null }, dead] };
    const world = new World();
    const partitions = new Partitions(api, world);
    partitions.poll.start();
    await settled();
    expect(partitions.alarm.value).toBe("Partition 1 does not trade: no worker answers for partition 1.");
    answers["GET /v1/admin/partitions"] = { partitions: [{ ...dead, available: true, why: null }] };
    await world.pass(1_000);
    expect(partitions.alarm.value).toBe("");
  });

  it("say how full they are, and what they still take", () => {
    const full = (share: number, takes: string): Partition => ({ partition: 0, available: true, room: { share, takes } }) as Partition;
    const rows = [full(0.5, "everything"), full(0.8, "everything"), full(0.912, "cancels"), { ...full(0, ""), room: null }];
    expect(rows.map(fullnessOf)).toEqual(["50 %", "80 %", "91 %, takes cancels", "–"]);
    expect(rows.map(isFilling)).toEqual([false, true, true, false]);
  });

  it("say where they have stopped, who refuses them, and when that worker looks again", () => {
    const led = { partition: 0, available: true, why: null, stopped: null, refused_by: [], room: null } as Partition;
    const refusal = { worker: "w2", sequence: 7, why: "a sentence", next_look: "2026-09-21T14:13:20.000000000Z" };
    const refused = { ...led, refused_by: [refusal] };
    const shut = { ...refused, available: false, stopped: { sequence: 7, why: "partition 0 stopped" } };
    expect([led, refused, shut].map(stateOf)).toEqual(["led", "led, refused by 1", "stopped at 7"]);
    expect(stateOf({ ...led, available: false })).toBe("not led");
    expect(reasonsOf([led, shut])).toEqual(["partition 0 stopped", "w2 refuses it and looks again at 14:13:20: a sentence"]);
  });

  it("tell a handover that failed, and look again", async () => {
    answers["GET /v1/admin/partitions"] = { partitions: [] };
    answers["POST /v1/admin/partitions/2/handover"] = new Error("there is no standby");
    const partitions = new Partitions(api, new World());
    await partitions.handOver(2);
    await settled();
    expect([partitions.fault.value, partitions.handing.value]).toEqual(["Handover of partition 2: there is no standby", null]);
    expect(asked).toContain("GET /v1/admin/partitions");
  });
});
