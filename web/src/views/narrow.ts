// Whether the screen is as narrow as a phone: one part is shown at a time then, and targets fit a finger.
import { signal } from "@preact/signals";

const query = matchMedia("(max-width: 760px)");

export const narrow = signal(query.matches);

query.addEventListener("change", () => (narrow.value = query.matches));
