import { describe, expect, it } from "vitest";
import { Points } from "../src/points";

function filled(count: number): Points {
  const points = new Points();
  for (let id = 1; id <= count; id += 1) points.push({ id, at: id / 2, price: id + 0.25, quantity: 3 * id });
  return points;
}

describe("points", () => {
  it("give back what was put in, however many there are", () => {
    const points = filled(1_000);
    expect(points.length).toBe(1_000);
    expect(points.at(0)).toEqual({ id: 1, at: 0.5, price: 1.25, quantity: 3 });
    expect(points.at(999)).toEqual({ id: 1_000, at: 500, price: 1_000.25, quantity: 3_000 });
    expect([...points].map((point) => point.id)).toEqual(Array.from({ length: 1_000 }, (_, place) => place + 1));
  });

  it("have nothing behind their end, before anything came, and after all was let go", () => {
    const nothing = { id: 0, at: 0, price: 0, quantity: 0 };
    expect(new Points().at(0)).toEqual(nothing);
    const points = filled(5);
    points.forget(3);
    expect([...points].map((point) => point.id)).toEqual([4, 5]);
    expect(points.at(2)).toEqual(nothing);
    points.clear();
    expect([points.length, points.at(0)]).toEqual([0, nothing]);
  });
});
