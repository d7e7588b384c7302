// What covers the screen until it is closed: the browser's own dialog, which keeps the focus inside and closes on
// Escape. A field to type in has the focus first.
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  name: string;
  title: string;
  close(): void;
  children: ComponentChildren;
}

export function Modal({ name, title, close, children }: Props): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  // Before anything else happens: what is typed right after a hot key belongs to the field.
  useLayoutEffect(() => {
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("input")?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`modal ${name}`}
      aria-labelledby={`${name}-title`}
      onClose={close}
      onClick={(event) => event.target === event.currentTarget && close()}
    >
      <div class="sheet">
        <div class="title">
          <h2 id={`${name}-title`}>{title}</h2>
          <button type="button" class="icon" aria-label="Close" onClick={close}>
            ×
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
