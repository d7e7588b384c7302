// Parts that come when they are first shown: charts and the console are no part of the first load.
import { signal } from "@preact/signals";
import type { FunctionComponent, VNode } from "preact";

export function lazy<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
  const loaded = signal<FunctionComponent<Props> | null>(null);
  let asked = false;
  return function Lazy(props: Props): VNode {
    if (!asked) {
      asked = true;
      void load().then((component) => (loaded.value = component));
    }
    const Component = loaded.value;
    return Component === null ? <p class="hint">Loading…</p> : <Component {...props} />;
  };
}
