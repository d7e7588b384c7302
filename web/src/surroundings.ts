// What the connection to the exchange needs of the world: a socket, a clock, chance. Handed in, so tests drive them.

export interface Socket {
  send(text: string): void;
  close(): void;
}

/** What a socket tells; nothing is told before `open` has returned. */
export interface Listener {
  opened(): void;
  heard(text: string): void;
  closed(): void;
}

export interface Surroundings {
  open(listener: Listener): Socket;
  /** Milliseconds of a clock that never steps back. */
  now(): number;
  /** Runs once after `delay` milliseconds; what it returns calls it off. */
  after(delay: number, run: () => void): () => void;
  /** From 0 up to, not including, 1. */
  random(): number;
}
