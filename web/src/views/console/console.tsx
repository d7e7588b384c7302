import type { VNode } from "preact";
import type { Screen } from "../../screen";
export function Console({ screen }: { screen: Screen }): VNode {
  return <main>{screen.identity.account.value}</main>;
}
