import { describe, expect, it } from "vitest";
import { Hotkeys, type Panel, type Stroke } from "../src/hotkeys";
import { Preferences } from "../src/preferences";
import { matching, Switcher } from "../src/switcher";

describe("hot keys", () => {
  const pressed: string[] = [];
  const key = (keys: string, panel: Panel): ConstructorParameters<typeof Hotkeys>[0][number] => ({ keys, panel, what: keys, run: () => pressed.push(`${panel} ${keys}`) });
  const hotkeys = new Hotkeys([key("Ctrl K", ""), key("?", ""), key("X", "ladder"), key("X", "orders"), key("Shift X", "orders")]);
  const stroke = (name: string, changes: Partial<Stroke> = {}): Stroke => ({ key: name, command: false, shift: false, typing: false, ...changes });

  it.each([
    [stroke("x"), "ladder", ["ladder X"]],
    [stroke("x"), "orders", ["orders X"]],
    [stroke("X", { shift: true }), "orders", ["orders Shift X"]],
    [stroke("X", { shift: true }), "ladder", []],
    [stroke("x"), "", []],
    [stroke("?", { shift: true }), "", [" ?"]],
    [stroke("?", { typing: true }), "", []],
    [stroke("x", { typing: true }), "ladder", []],
    [stroke("k", { command: true, typing: true }), "ladder", [" Ctrl K"]],
    [stroke("x", { command: true }), "ladder", []],
  ] as const)("%j on %s", (press, panel, done) => {
    pressed.length = 0;
    expect(hotkeys.press(press, panel)).toBe(done.length > 0);
    expect(pressed).toEqual(done);
  });
});

describe("the search for an instrument", () => {
  const SYMBOLS = ["ACME", "BIRCH", "COBALT", "EIDER", "MACE"];

  it("has what begins with the query first, then what holds it, then what holds its letters in order", () => {
    expect(matching("ac", SYMBOLS, [])).toEqual(["ACME", "MACE"]);
    expect(matching("bl", SYMBOLS, [])).toEqual(["COBALT"]);
    expect(matching("zz", SYMBOLS, [])).toEqual([]);
  });

  it("has favourites first among equals", () => {
    expect(matching("", SYMBOLS, ["EIDER"])[0]).toBe("EIDER");
    expect(matching("c", SYMBOLS, ["MACE"])).toEqual(["COBALT", "MACE", "ACME", "BIRCH"]);
  });

  it("takes what is chosen, round the ends of the list, and closes", () => {
    const looked: string[] = [];
    const switcher = new Switcher({ symbols: () => SYMBOLS, favourites: () => [], look: (symbol) => looked.push(symbol) });
    switcher.show();
    switcher.move(-1);
    switcher.take();
    switcher.show();
    switcher.type("nothing like it");
    switcher.move(1);
    switcher.take();
    expect([looked, switcher.open.value]).toEqual([["MACE"], true]);
  });
});

describe("preferences", () => {
  function browser(kept: Record<string, string> = {}): Pick<Storage, "getItem" | "setItem"> & { kept: Record<string, string> } {
    return { kept, getItem: (key) => kept[key] ?? null, setItem: (key, value) => void (kept[key] = value) };
  }

  it("are the same again in the same browser", () => {
    const storage = browser();
    const before = new Preferences(storage);
    before.choose("theme", "light");
    before.choose("layout", "ladder");
    before.toggleFavourite("ACME");
    const after = new Preferences(storage);
    expect([after.theme.value, after.layout.value, after.palette.value, after.favourites.value]).toEqual(["light", "ladder", "classic", ["ACME"]]);
    after.toggleFavourite("ACME");
    expect(after.favourites.value).toEqual([]);
  });

  it("that are none any more, or were damaged, are the usual ones", () => {
    const { theme, layout, favourites } = new Preferences(browser({ "openbell.theme": '"pink"', "openbell.layout": "{", "openbell.favourites": '[1, "ACME"]' }));
    expect([theme.value, layout.value, favourites.value]).toEqual(["dark", "desk", ["ACME"]]);
  });

  it("work where a browser keeps nothing", () => {
    const full = { getItem: () => null, setItem: () => { throw new Error("full"); } };
    const preferences = new Preferences(full);
    preferences.choose("theme", "contrast");
    expect(preferences.theme.value).toBe("contrast");
  });
});
