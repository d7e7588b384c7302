// Surroundings that tests drive by hand: a clock that only they move, sockets whose other end is the test.
import type { Listener, Socket, Surroundings } from "../src/surroundings";

interface Timer {
  at: number;
  run: () => void;
}

export interface Sent {
  id: number;
  method: string;
  params: Record<string, unknown>;
}

/** The exchange's end of one connection. */
export class FakeSocket implements Socket {
  readonly sent: Sent[] = [];
  closedByScreen = false;

  constructor(readonly listener: Listener) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
  }

  close(): void {
    this.closedByScreen = true;
  }

  say(message: object): void {
    this.listener.heard(JSON.stringify(message));
  }

  /** Every request of a method so far. */
  asked(method: string): Sent[] {
    return this.sent.filter((request) => request.method === method);
  }

  answer(method: string, result: unknown = {}): void {
    this.say({ id: this.#last(method).id, result });
  }

  refuse(method: string, error: object): void {
    this.say({ id: this.#last(method).id, error });
  }

  #last(method: string): Sent {
    const request = this.asked(method).at(-1);
    if (request === undefined) throw new Error(`no ${method} was sent`);
    return request;
  }
}

export class World implements Surroundings {
  time = 1_000_000;
  readonly sockets: FakeSocket[] = [];
  #timers: Timer[] = [];
  #lastId = 0;

  readonly open = (listener: Listener): Socket => {
    const socket = new FakeSocket(listener);
    this.sockets.push(socket);
    return socket;
  };

  readonly now = (): number => this.time;
  readonly random = (): number => 0.5;
  readonly newId = (): string => `web-${(this.#lastId += 1)}`;

  readonly after = (delay: number, run: () => void): (() => void) => {
    const timer = { at: this.time + delay, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  };

  /** The newest connection. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  /** Lets time pass; timers run in order, each at its time. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      await settled();
      const due = this.#timers.filter((timer) => timer.at <= end).sort((one, other) => one.at - other.at)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.time = due.at;
      due.run();
    }
    this.time = end;
  }
}

/** Everything that promises have still to do is done. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
