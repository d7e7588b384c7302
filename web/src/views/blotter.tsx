// What the account has: open orders with their way out, fills and ended orders of this session, positions.
import { signal } from "@preact/signals";
import type { ComponentChildren, TargetedKeyboardEvent, VNode } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { AmendField } from "../amendment";
import { timeOfDay } from "../clock";
import { csvOf, type Cell } from "../csv";
import type { FillRow } from "../history";
import { profitOf } from "../positions";
import type { Order, Position } from "../protocol";
import type { Screen } from "../screen";
import { Panel, Segments } from "./panel";
import { toneOf } from "./switcher";

const TABS = ["Open", "Fills", "History", "Positions"] as const;
type Tab = (typeof TABS)[number];

const tab = signal<Tab>("Open");

export function Blotter({ screen }: { screen: Screen }): VNode {
  const { orders } = screen;
  const count = orders.open.value.length;
  const tools = (
    <>
      {tab.value === "Open" && (
        <button
          type="button"
          class="tool danger"
          disabled={count === 0 || orders.cancelingAll.value}
          onClick={() => void orders.cancelAll()}
        >
          {orders.cancelingAll.value ? "Canceling…" : "Cancel all"}
        </button>
      )}
      <button type="button" class="tool" onClick={() => save(tab.value, screen)}>
        CSV
      </button>
    </>
  );
  return (
    <Panel
      name="orders"
      title={
        <>
          Orders <span class="count">{count}</span>
        </>
      }
      tools={tools}
      active={screen.active.value === "orders"}
      onActivate={() => (screen.active.value = "orders")}
    >
      <Segments
        label="Part of the blotter"
        value={tab.value}
        choices={TABS.map((each) => [each, each] as const)}
        choose={(each) => (tab.value = each)}
      />
      <div class="scroll" tabIndex={0} role="group" aria-label={`${tab.value}, newest first`}>
        {tab.value === "Open" && <OpenOrders screen={screen} />}
        {tab.value === "Fills" && <Fills screen={screen} />}
        {tab.value === "History" && <Ended screen={screen} />}
        {tab.value === "Positions" && <PositionRows screen={screen} />}
      </div>
    </Panel>
  );
}

function OpenOrders({ screen }: { screen: Screen }): VNode {
  const open = screen.orders.open.value;
  const account = screen.identity.account.value;
  if (open.length === 0) {
    return <p class="hint">{account === null ? "Log in to see your orders." : `${account} has no open orders.`}</p>;
  }
  return (
    <Table columns={["Symbol", "Side", "Price", "Quantity", "Filled", "-Stop", "-Kind", "-Entered", ""]}>
      {open.map((order) => (
        <OpenOrder key={order.order_id} order={order} screen={screen} />
      ))}
    </Table>
  );
}

/** Column names; a leading dash marks one that a phone has no room for, "" the column of actions. */
function Table({ columns, children }: { columns: readonly string[]; children: ComponentChildren }): VNode {
  return (
    <table>
      <thead>
        <tr>
          {columns.map((column) => (
            <th key={column} scope="col" class={column.startsWith("-") ? "wide" : ""}>
              {column === "" ? <span class="unseen">Actions</span> : column.replace(/^-/, "")}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

function OpenOrder({ order, screen }: { order: Order; screen: Screen }): VNode {
  const { orders } = screen;
  const canceling = orders.canceling.value.has(order.order_id);
  return (
    <tr data-order={order.order_id}>
      <th scope="row">
        <button type="button" class="symbol" onClick={() => screen.look(order.symbol)}>
          {order.symbol}
        </button>
      </th>
      <td class={order.side}>{order.side === "buy" ? "Buy" : "Sell"}</td>
      <td>{order.price === null ? "market" : <Amendable screen={screen} order={order} field="price" />}</td>
      <td>
        <Amendable screen={screen} order={order} field="quantity" />
      </td>
      <td>{order.filled_quantity}</td>
      <td class="wide">{order.stop_price === null ? "" : <Amendable screen={screen} order={order} field="stop_price" />}</td>
      <td class="wide muted">{kindOf(order)}</td>
      <td class="wide muted">{timeOfDay(order.created)}</td>
      <td>
        <button
          type="button"
          class="cancel"
          disabled={canceling}
          aria-label={`Cancel ${order.side} ${order.open_quantity} ${order.symbol} at ${order.price}`}
          onClick={() => void orders.cancel(order)}
        >
          {canceling ? "Canceling…" : "Cancel"}
        </button>
      </td>
    </tr>
  );
}

/** What an order is beyond its numbers, as far as it is not the usual. */
function kindOf(order: Order): string {
  const words = [
    order.status === "pending_trigger" ? "waits" : "",
    order.type === "limit" ? "" : order.type.replace("_", " "),
    order.time_in_force === "gtc" ? "" : order.time_in_force.replace("_", " ").toUpperCase(),
    order.post_only ? "post-only" : "",
    order.display_quantity === null ? "" : `shows ${order.display_quantity}`,
  ];
  return words.filter((word) => word !== "").join(", ") || order.type;
}

interface AmendableProps {
  screen: Screen;
  order: Order;
  field: AmendField;
}

/** A number that becomes a field when it is pressed: Enter sends, Escape leaves it as it is. */
function Amendable({ screen, order, field }: AmendableProps): VNode {
  const { amendment } = screen;
  const editing = amendment.editing.value;
  const name = field.replace("_", " ");
  if (editing === null || editing.order.order_id !== order.order_id || editing.field !== field) {
    return (
      <button type="button" class="amendable" aria-label={`Amend ${name} ${order[field]}`} onClick={() => amendment.begin(order, field)}>
        {order[field]}
      </button>
    );
  }
  return <AmendInput screen={screen} name={name} />;
}

function AmendInput({ screen, name }: { screen: Screen; name: string }): VNode {
  const { amendment } = screen;
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    input.current?.focus();
    input.current?.select();
  }, []);
  const editing = amendment.editing.value;
  const steer = (event: TargetedKeyboardEvent<HTMLInputElement>): void => {
    if (event.key === "Enter") void amendment.send();
    else if (event.key === "Escape") amendment.leave();
    else return;
    event.preventDefault();
  };
  return (
    <span class="amending">
      <input
        ref={input}
        aria-label={`New ${name}`}
        inputMode="decimal"
        enterKeyHint="send"
        value={editing?.text ?? ""}
        disabled={editing?.sending ?? false}
        aria-invalid={(editing?.fault ?? "") !== ""}
        onInput={(event) => amendment.type(event.currentTarget.value)}
        onKeyDown={steer}
      />
      {(editing?.fault ?? "") !== "" && (
        <span class="fault" role="alert">
          {editing?.fault}
        </span>
      )}
    </span>
  );
}

function Fills({ screen }: { screen: Screen }): VNode {
  const fills = screen.history.fills.value;
  if (fills.length === 0) return <p class="hint">No fill in this session yet.</p>;
  return (
    <Table columns={["Time", "Symbol", "Side", "Price", "Quantity", "-As", "-Fee", "-Trade"]}>
      {fills.map((fill) => (
        <Fill key={fill.key} fill={fill} />
      ))}
    </Table>
  );
}

function Fill({ fill }: { fill: FillRow }): VNode {
  return (
    <tr data-busted={fill.busted}>
      <th scope="row">{timeOfDay(fill.time)}</th>
      <td>{fill.symbol}</td>
      <td class={fill.side}>{fill.side === "buy" ? "Buy" : "Sell"}</td>
      <td>{fill.price}</td>
      <td>{fill.quantity}</td>
      <td class="wide muted">{fill.busted ? "undone" : fill.liquidity}</td>
      <td class="wide">{fill.fee}</td>
      <td class="wide muted">{fill.tradeId}</td>
    </tr>
  );
}

function Ended({ screen }: { screen: Screen }): VNode {
  const ended = screen.history.ended.value;
  if (ended.length === 0) return <p class="hint">No order has ended in this session yet.</p>;
  return (
    <Table columns={["Time", "Symbol", "Side", "Price", "Filled", "Became", "-Why", "-Order"]}>
      {ended.map((order) => (
        <tr key={order.order_id}>
          <th scope="row">{timeOfDay(order.updated)}</th>
          <td>{order.symbol}</td>
          <td class={order.side}>{order.side === "buy" ? "Buy" : "Sell"}</td>
          <td>{order.average_price ?? order.price ?? "market"}</td>
          <td>{`${order.filled_quantity} of ${order.quantity}`}</td>
          <td>{order.status}</td>
          <td class="wide muted">{(order.reason ?? "").replaceAll("_", " ")}</td>
          <td class="wide muted">{order.order_id}</td>
        </tr>
      ))}
    </Table>
  );
}

function PositionRows({ screen }: { screen: Screen }): VNode {
  const positions = screen.positions.held.value;
  if (positions.length === 0) return <p class="hint">Flat: nothing bought that is not sold.</p>;
  return (
    <>
      <Table columns={["Symbol", "Quantity", "Average", "Realised", "Unrealised", "-Fees"]}>
        {positions.map((position) => (
          <PositionRow key={position.symbol} position={position} />
        ))}
      </Table>
      <p class="hint">
        Profit after fees <span class={toneOf(signed(profitOf(positions)))}>{signed(profitOf(positions))}</span>
      </p>
    </>
  );
}

function PositionRow({ position }: { position: Position }): VNode {
  const unrealised = position.unrealised ?? "–";
  return (
    <tr>
      <th scope="row">{position.symbol}</th>
      <td class={position.quantity.startsWith("-") ? "sell" : "buy"}>{signed(position.quantity)}</td>
      <td>{position.average_price ?? "–"}</td>
      <td class={toneOf(signed(position.realised))}>{signed(position.realised)}</td>
      <td class={toneOf(signed(unrealised))}>{signed(unrealised)}</td>
      <td class="wide">{position.fees}</td>
    </tr>
  );
}

/** With its sign in front, so that colour is never alone; zero and nothing have none. */
function signed(amount: string): string {
  return /^[\d.]*[1-9]/.test(amount) ? `+${amount}` : amount.replace(/^-/, "−");
}

function save(part: Tab, screen: Screen): void {
  const [columns, rows] = sheetOf(part, screen);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csvOf(columns, rows)], { type: "text/csv" }));
  link.download = `openbell-${part.toLowerCase()}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

const ORDER_COLUMNS = [
  "order_id", "client_order_id", "symbol", "side", "type", "time_in_force", "price", "stop_price", "quantity", "filled_quantity",
  "average_price", "status", "reason", "created", "updated",
] as const; // prettier-ignore
const FILL_COLUMNS = ["time", "symbol", "side", "price", "quantity", "liquidity", "fee", "tradeId", "orderId", "busted"] as const;
const POSITION_COLUMNS = ["symbol", "quantity", "average_price", "realised", "unrealised", "fees"] as const;

function sheetOf(part: Tab, { history, orders, positions }: Screen): [readonly string[], readonly Cell[][]] {
  if (part === "Fills") return [FILL_COLUMNS, history.fills.value.map((fill) => FILL_COLUMNS.map((column) => fill[column]))];
  if (part === "Positions") {
    return [POSITION_COLUMNS, positions.held.value.map((position) => POSITION_COLUMNS.map((column) => position[column]))];
  }
  const rows = part === "Open" ? orders.open.value : history.ended.value;
  return [ORDER_COLUMNS, rows.map((order) => ORDER_COLUMNS.map((column) => order[column]))];
}
