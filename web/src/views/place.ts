// Which of the two screens is shown: the address says it, so that going back works.
import { signal } from "@preact/signals";

const isConsole = (): boolean => location.hash === "#console";

export const inConsole = signal(isConsole());

addEventListener("hashchange", () => (inConsole.value = isConsole()));
