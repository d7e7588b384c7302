// The exchange's time of day, told by its heartbeats: countdowns run on it, never on the clock of whoever looks.
import { computed, signal } from "@preact/signals-core";
import type { Time } from "./protocol";

export class Clock {
  /** What to add to the local clock; the smallest of what was seen would be nearest, the latest is near enough. */
  readonly #offsetMs = signal(0);
  readonly #ticks = signal(0);
  /** Milliseconds since 1970 as the exchange counts them, moved once a second. */
  readonly now = computed(() => {
    void this.#ticks.value;
    return this.today() + this.#offsetMs.value;
  });

  /** `today` is the local clock in milliseconds since 1970. */
  constructor(private readonly today: () => number) {}

  heard(time: Time): void {
    this.#offsetMs.value = Date.parse(time) - this.today();
    this.#ticks.value += 1;
  }
}

/** Time left until a moment as 1:05 or 2:00:05; 0:00 when it has passed. */
export function timeLeft(until: Time, now: number): string {
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1_000));
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(rest).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** How long ago a moment was: 12 s, 4 min or 3 h, whole ones; never less than nothing. */
export function age(moment: Time, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(moment)) / 1_000));
  if (seconds < 60) return `${seconds} s`;
  return seconds < 3_600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3_600)} h`;
}

/** The time of day with milliseconds, in the time zone of whoever looks. */
export function timeOfDay(time: Time): string {
  const at = new Date(time);
  const parts = [at.getHours(), at.getMinutes(), at.getSeconds()].map((part) => String(part).padStart(2, "0"));
  return `${parts.join(":")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
