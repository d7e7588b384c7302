// Who trades: a choice of demo accounts, or a form for a token.
import type { TargetedEvent, VNode } from "preact";
import { DEMO_ACCOUNTS } from "../identity";
import type { Screen } from "../screen";
import { Modal } from "./modal";

const TOKEN = "token";
const LEAVE = "leave";

export function Account({ screen }: { screen: Screen }): VNode | null {
  const { identity } = screen;
  const account = identity.account.value;
  if (account === null) return null;
  const choose = (chosen: string): void => {
    if (chosen === TOKEN) screen.dialog.value = "login";
    else if (chosen === LEAVE) screen.logout();
    else void identity.become(chosen);
  };
  const others = identity.demo.value === false ? [] : DEMO_ACCOUNTS.filter((each) => each !== account);
  return (
    <label class="account">
      <span class="unseen">Account</span>
      <select
        value={account}
        onChange={(event) => {
          choose(event.currentTarget.value);
          // It shows who is logged in, not what was chosen: a token may yet be refused.
          event.currentTarget.value = account;
        }}
      >
        <option>{account}</option>
        {others.map((each) => (
          <option key={each}>{each}</option>
        ))}
        <option value={TOKEN}>Log in with a token…</option>
        {identity.demo.value !== true && <option value={LEAVE}>Log out</option>}
      </select>
    </label>
  );
}

/** The form as a part of its own, where nobody is logged in. */
export function Login({ screen }: { screen: Screen }): VNode {
  return (
    <section class="panel ticket" aria-labelledby="login-title">
      <div class="title">
        <h2 id="login-title">Log in to trade</h2>
      </div>
      <div class="body">
        {screen.identity.demo.value === null ? (
          <p class="hint">Asking the exchange for a demo account…</p>
        ) : (
          <LoginForm screen={screen} done={() => undefined} />
        )}
      </div>
    </section>
  );
}

/** The form over the screen, where somebody else is logged in. */
export function LoginDialog({ screen }: { screen: Screen }): VNode {
  const close = (): void => {
    screen.dialog.value = "";
  };
  return (
    <Modal name="login" title="Log in with a token" close={close}>
      <LoginForm screen={screen} done={close} />
    </Modal>
  );
}

function LoginForm({ screen, done }: { screen: Screen; done(): void }): VNode {
  const { identity } = screen;
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (identity.paste(String(new FormData(event.currentTarget).get("token") ?? ""))) done();
  };
  return (
    <form onSubmit={submit} class="login-form">
      <div class="field">
        <label for="token">Access token</label>
        <input id="token" name="token" type="password" autocomplete="off" required aria-describedby="token-fault token-hint" />
      </div>
      <p id="token-fault" class="fault" role="alert">
        {identity.problem.value}
      </p>
      <button class="send" type="submit">
        Log in
      </button>
      <p id="token-hint" class="hint">
        Make one with <code>openbell token --account alice --scope "read trade"</code>, for the console with{" "}
        <code>--scope "read trade admin"</code>. It stays in this tab and is forgotten with it.
      </p>
    </form>
  );
}
