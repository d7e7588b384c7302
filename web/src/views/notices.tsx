// Fills and faults as they happen, above everything else, gone by themselves.
import type { VNode } from "preact";
import type { Notices } from "../notices";

export function NoticeList({ notices }: { notices: Notices }): VNode {
  return (
    <div class="notices" role="log" aria-label="What just happened">
      {notices.shown.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.tone}`}>
          <span>{notice.text}</span>
          <button type="button" aria-label={`Dismiss: ${notice.text}`} onClick={() => notices.dismiss(notice.id)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
