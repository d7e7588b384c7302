import { signal } from "@preact/signals-core";
import { beforeEach, describe, expect, it } from "vitest";
import { Identity } from "../src/identity";
import type { Refusal } from "../src/refusal";
import { World } from "./world";

const HOUR_MS = 3_600_000;

let world: World;
let stored: Map<string, string>;
let logins: string[];
let asked: string[];
let grant: (account: string) => Promise<string | null>;
const loginRefusal = signal<Refusal | null>(null);

beforeEach(() => {
  world = new World();
  stored = new Map();
  logins = [];
  asked = [];
  loginRefusal.value = null;
  grant = (account) => Promise.resolve(tokenFor(account));
});

/** A token for an hour; `jti` tells the first that was granted from the second. */
function tokenFor(account: string): string {
  return written({ account, exp: (world.time + HOUR_MS) / 1_000, jti: asked.length });
}

function identity(): Identity {
  return new Identity({ login: (token) => logins.push(read(token)), loginRefusal }, {
    demoToken: (account) => {
      asked.push(account);
      return grant(account);
    },
    storage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => stored.set(key, value),
      removeItem: (key) => stored.delete(key),
    },
    now: world.now,
    after: world.after,
  });
}

function read(token: string): string {
  const claims = JSON.parse(atob(token.split(".")[1] ?? "")) as { account: string; jti: number };
  return `${claims.account}#${claims.jti}`;
}

function written(claims: object): string {
  return `e30.${btoa(JSON.stringify(claims))}.signature`;
}

describe("whoever trades", () => {
  it("is the first demo account at first, and logs in with its token", async () => {
    const who = identity();
    await who.start();
    expect([who.account.value, who.demo.value, logins]).toEqual(["demo-1", true, ["demo-1#1"]]);
  });

  it("is the same again when the page is loaded again", async () => {
    await identity().become("demo-3");
    const again = identity();
    await again.start();
    expect([again.account.value, asked]).toEqual(["demo-3", ["demo-3"]]);
  });

  it("gets a new token before the old one expires", async () => {
    const who = identity();
    await who.start();
    await world.pass(HOUR_MS - 30_000);
    expect(logins).toEqual(["demo-1#1", "demo-1#2"]);
  });

  it("gets a new demo token when the exchange does not know the old one any more", async () => {
    const who = identity();
    await who.start();
    loginRefusal.value = { message: "bad signature" } as Refusal;
    await world.pass(2_000);
    expect([who.account.value, logins]).toEqual(["demo-1", ["demo-1#1", "demo-1#2"]]);
  });

  it("is asked for a token where the exchange gives none", async () => {
    grant = () => Promise.resolve(null);
    const who = identity();
    await who.start();
    expect([who.account.value, who.demo.value]).toEqual([null, false]);
    who.paste(`  ${written({ account: "alice", exp: 2_000, jti: 7 })}\n`);
    expect([who.account.value, logins]).toEqual(["alice", ["alice#7"]]);
  });

  it("is told when what was pasted is no token, or the exchange refuses it", async () => {
    grant = () => Promise.resolve(null);
    const who = identity();
    await who.start();
    who.paste("hello");
    expect(who.problem.value).toMatch("not a token");
    who.paste(written({ account: "alice", exp: 2_000 }));
    loginRefusal.value = { message: "wrong issuer" } as Refusal;
    expect([who.account.value, who.problem.value, [...stored]]).toEqual([null, "wrong issuer", []]);
  });

  it("may do what the token says, and goes when told to", () => {
    const who = identity();
    who.paste(written({ account: "operator", exp: 2_000, scope: "read admin" }));
    expect([who.account.value, [...who.scope.value], who.token !== ""]).toEqual(["operator", ["read", "admin"], true]);
    who.leave();
    expect([who.account.value, [...who.scope.value], who.token, [...stored]]).toEqual([null, [], "", []]);
  });

  it("stays who it is when there turn out to be no demo accounts", async () => {
    grant = () => Promise.resolve(null);
    const who = identity();
    who.paste(written({ account: "alice", exp: 2_000 }));
    await who.become("demo-2");
    expect([who.account.value, who.demo.value]).toEqual(["alice", false]);
  });

  it("is asked for again while the exchange cannot be reached", async () => {
    grant = () => Promise.reject(new Error("unreachable"));
    const who = identity();
    await who.start();
    grant = (account) => Promise.resolve(tokenFor(account));
    await world.pass(2_000);
    expect(who.account.value).toBe("demo-1");
  });
});
