// Questions over HTTP: what the WebSocket does not carry. A refusal comes as a Refusal, a lost answer as ConnectionLost.
import { ConnectionLost, Refusal } from "./refusal";
import type { Error as Failure } from "./protocol";

/** `fetch`, as far as it is used here. */
export type Fetch = (path: string, request: RequestInit) => Promise<Pick<Response, "ok" | "status" | "json">>;

export type Method = "GET" | "POST" | "PUT" | "DELETE";

export class Api {
  constructor(
    private readonly fetch: Fetch,
    /** The token of whoever is logged in, "" for nobody. */
    private readonly token: () => string,
  ) {}

  get<Answer>(path: string): Promise<Answer> {
    return this.ask("GET", path);
  }

  async ask<Answer>(method: Method, path: string, body?: object): Promise<Answer> {
    const token = this.token();
    const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
    if (token !== "") headers["Authorization"] = `Bearer ${token}`;
    const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await this.fetch(path, request).catch(() => null);
    if (response === null) throw new ConnectionLost(method !== "GET");
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return answer as Answer;
    throw new Refusal(failureOf(answer, response.status));
  }
}

/** A proxy in between may answer something that is no problem of ours. */
function failureOf(answer: unknown, status: number): Pick<Failure, "message" | "field"> & { code: string } {
  if (typeof answer === "object" && answer !== null && "code" in answer) return answer as Failure;
  return { code: "unavailable", message: `The exchange answered with status ${status}.` };
}
