// Who trades: a choice of demo accounts, or a form for a token.
import type { TargetedEvent, VNode } from "preact";
import { DEMO_ACCOUNTS, type Identity } from "../identity";

export function Account({ identity, change }: { identity: Identity; change: (account: string) => void }): VNode | null {
  const account = identity.account.value;
  if (account === null) return null;
  if (identity.demo.value !== true) return <p class="account">{account}</p>;
  return (
    <label class="account">
      <span>Account</span>
      <select value={account} onChange={(event) => change(event.currentTarget.value)}>
        {DEMO_ACCOUNTS.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );
}

export function Login({ identity }: { identity: Identity }): VNode {
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    identity.paste(String(new FormData(event.currentTarget).get("token") ?? ""));
  };
  return (
    <section class="panel ticket" aria-labelledby="login-title">
      <h2 id="login-title">Log in to trade</h2>
      {identity.demo.value === null ? (
        <p class="hint">Asking the exchange for a demo account…</p>
      ) : (
        <form onSubmit={submit}>
          <div class="field">
            <label for="token">Access token</label>
            <input
              id="token"
              name="token"
              type="password"
              autocomplete="off"
              required
              aria-describedby="token-fault token-hint"
            />
          </div>
          <p id="token-fault" class="fault" role="alert">
            {identity.problem.value}
          </p>
          <button class="send" type="submit">
            Log in
          </button>
          <p id="token-hint" class="hint">
            Make one with <code>openbell token --account alice --scope "read trade"</code>. It stays in this tab and is
            forgotten with it.
          </p>
        </form>
      )}
    </section>
  );
}
