// The frame of every part of the screen: a title line with what can be chosen there, and a body that scrolls by itself.
import type { ComponentChildren, VNode } from "preact";

interface Props {
  /** The part's class and the root of its ids. */
  name: string;
  title: ComponentChildren;
  tools?: ComponentChildren;
  /** Whether hot keys work on it now. */
  active?: boolean;
  children: ComponentChildren;
  onActivate?: () => void;
}

export function Panel({ name, title, tools, active = false, children, onActivate }: Props): VNode {
  return (
    <section
      class={`panel ${name}`}
      aria-labelledby={`${name}-title`}
      data-active={active}
      onPointerDown={onActivate}
      onFocusIn={onActivate}
    >
      <div class="title">
        <h2 id={`${name}-title`}>{title}</h2>
        {tools !== undefined && <div class="tools">{tools}</div>}
      </div>
      <div class="body">{children}</div>
    </section>
  );
}

interface Choice<Value extends string | number> {
  label: string;
  value: Value;
  choices: readonly (readonly [Value, string])[];
  choose(value: Value): void;
}

/** A few words of which one is chosen. */
export function Segments<Value extends string | number>({ label, value, choices, choose }: Choice<Value>): VNode {
  return (
    <div class="segments" role="group" aria-label={label}>
      {choices.map(([each, word]) => (
        <button key={each} type="button" aria-pressed={each === value} onClick={() => choose(each)}>
          {word}
        </button>
      ))}
    </div>
  );
}

/** One of many, with its name before it. */
export function Select<Value extends string | number>({ label, value, choices, choose }: Choice<Value>): VNode {
  const change = (chosen: string): void => {
    const found = choices.find(([each]) => String(each) === chosen);
    if (found !== undefined) choose(found[0]);
  };
  return (
    <label class="select">
      <span>{label}</span>
      <select value={value} onChange={(event) => change(event.currentTarget.value)}>
        {choices.map(([each, word]) => (
          <option key={each} value={each}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The length of the bar under a cell's number, a share from 0 to 1 of the cell's width. */
export function bar(share: number): { backgroundSize: string } {
  return { backgroundSize: `${share * 100}% calc(100% - 2px)` };
}
