// Everything the screen knows, put together once. The views get this and nothing else; no DOM and no socket here.
import { Feed, type Surroundings } from "./feed";
import { Frames } from "./frames";
import { Identity } from "./identity";
import { Instruments } from "./instruments";
import { Market } from "./market";
import { Notices } from "./notices";
import { Orders } from "./orders";
import { Ticket } from "./ticket";

export interface Outside extends Surroundings {
  nextFrame(run: () => void): void;
  newId(): string;
  demoToken(account: string): Promise<string | null>;
  storage: Storage;
  /** Milliseconds since 1970. */
  today(): number;
}

export class Screen {
  readonly feed: Feed;
  readonly notices: Notices;
  readonly identity: Identity;
  readonly instruments: Instruments;
  readonly orders: Orders;
  readonly market: Market;
  readonly ticket: Ticket;

  constructor(outside: Outside) {
    const frames = new Frames(outside.nextFrame);
    this.feed = new Feed(outside);
    this.notices = new Notices(outside.after);
    this.identity = new Identity(this.feed, { ...outside, now: outside.today });
    this.instruments = new Instruments(this.feed, frames);
    this.orders = new Orders(this.feed, this.notices, outside);
    this.market = new Market(this.feed, this.instruments, this.orders, frames);
    this.ticket = new Ticket(this.orders, {
      instrument: () => this.market.instrument.value,
      last: () => this.market.last(),
      start: (side) => this.market.start(side),
    });
  }

  start(): void {
    this.feed.start();
    void this.identity.start();
  }

  /** Trades as another demo account from here on. */
  readonly become = (account: string): void => {
    this.orders.forget();
    this.ticket.clear();
    void this.identity.become(account);
  };
}
