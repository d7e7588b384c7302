// A client in TypeScript as a user would write it on the generated types: it compiles, or the document misleads.
import type { components, paths } from "./api";

type Placement = paths["/v1/orders"]["post"]["requestBody"]["content"]["application/json"];
type Placed = paths["/v1/orders"]["post"]["responses"][201]["content"]["application/json"];
type Problem = components["schemas"]["Problem"];

export const placement: Placement = {
  symbol: "ACME",
  side: "buy",
  type: "limit",
  quantity: "10",
  price: 101.25,
  time_in_force: "gtc",
  client_order_id: null,
};

export function summary(order: Placed): string {
  const fees: string[] = order.fills.map((fill) => fill.fee);
  const reason: string = order.reason ?? "none";
  return [order.order_id, order.status, reason, ...fees].join(" ");
}

export function wait(problem: Problem): number {
  return problem.retry_after ?? 0;
}

// @ts-expect-error A side that the exchange does not know is refused here already.
export const wrongSide: Placement = { ...placement, side: "by" };
// @ts-expect-error A member that the exchange does not know is refused here already.
export const wrongMember: Placement = { symbol: "ACME", side: "buy", type: "market", quantity: "1", prize: "1" };
