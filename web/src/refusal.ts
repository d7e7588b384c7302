// Why a request has no result: the exchange said no, or nobody can say any more.
import type { Error as Failure } from "./protocol";

/** The exchange's answer is no: `code` is stable, the message says what to do, `field` what it is about. */
export class Refusal extends Error {
  readonly code: string;
  readonly field: string | undefined;

  constructor(failure: Pick<Failure, "message" | "field"> & { code: string }) {
    super(failure.message);
    this.code = failure.code;
    this.field = failure.field;
  }
}

/** No answer can come: if the request was sent, what it asked for may have happened or not. */
export class ConnectionLost extends Error {
  constructor(readonly sent: boolean) {
    super(sent ? "The connection was lost before the exchange answered." : "Not connected: nothing was sent.");
  }
}
