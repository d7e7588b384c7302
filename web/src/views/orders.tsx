// The account's open orders, each with its way out.
import type { VNode } from "preact";
import type { Orders } from "../orders";
import type { Order } from "../protocol";

interface Props {
  orders: Orders;
  account: string | null;
  look(symbol: string): void;
}

export function OpenOrders({ orders, account, look }: Props): VNode {
  const open = orders.open.value;
  return (
    <section class="panel orders" aria-labelledby="orders-title">
      <h2 id="orders-title">
        Open orders <span class="count">{open.length}</span>
      </h2>
      {open.length === 0 ? (
        <p class="hint">{account === null ? "Log in to see your orders." : `${account} has no open orders.`}</p>
      ) : (
        <div class="scroll" tabIndex={0} role="group" aria-label="Open orders, newest first">
          <table>
            <thead>
              <tr>
                <th scope="col">Symbol</th>
                <th scope="col">Side</th>
                <th scope="col">Price</th>
                <th scope="col">Open</th>
                <th scope="col">Filled</th>
                <th scope="col" class="wide">
                  Order
                </th>
                <th scope="col">
                  <span class="unseen">Cancel</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {open.map((order) => (
                <OpenOrder key={order.order_id} order={order} orders={orders} look={look} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function OpenOrder({ order, orders, look }: { order: Order; orders: Orders; look(symbol: string): void }): VNode {
  const canceling = orders.canceling.value.has(order.order_id);
  const what = `${order.side} ${order.open_quantity} ${order.symbol} at ${order.price}`;
  return (
    <tr data-order={order.order_id}>
      <th scope="row">
        <button type="button" class="symbol" onClick={() => look(order.symbol)}>
          {order.symbol}
        </button>
      </th>
      <td class={order.side}>{order.side === "buy" ? "Buy" : "Sell"}</td>
      <td>{order.price ?? "–"}</td>
      <td>{order.open_quantity}</td>
      <td>{order.filled_quantity}</td>
      <td class="wide muted">{order.order_id}</td>
      <td>
        <button
          type="button"
          class="cancel"
          disabled={canceling}
          aria-label={`Cancel ${what}`}
          onClick={() => void orders.cancel(order)}
        >
          {canceling ? "Canceling…" : "Cancel"}
        </button>
      </td>
    </tr>
  );
}
