"""A client in Python as a user would write it on the generated package: places an order, finds it, amends, cancels.

Arguments: the exchange's URL and a token. Runs where the generator's own libraries are.
"""

import json
import sys

from openbell_client import AuthenticatedClient
from openbell_client.api.market import get_v1_instruments_by_symbol_book
from openbell_client.api.orders import (
    delete_v1_orders_by_order_id,
    get_v1_orders,
    get_v1_orders_by_order_id,
    patch_v1_orders_by_order_id,
    post_v1_orders,
)
from openbell_client.models import (
    PatchV1OrdersByOrderIdBody,
    PostV1OrdersBody,
    PostV1OrdersBodySide,
    PostV1OrdersBodyType,
    Problem,
)


def main(url: str, token: str) -> None:
    """Trade, and print what was seen."""
    with AuthenticatedClient(base_url=url, token=token) as client:
        buy, limit = PostV1OrdersBodySide.BUY, PostV1OrdersBodyType.LIMIT
        body = PostV1OrdersBody(symbol="ACME", side=buy, type_=limit, quantity="3", price="10.25")
        placed = post_v1_orders.sync(client=client, body=body)
        found = get_v1_orders_by_order_id.sync(placed.order_id, client=client)
        book = get_v1_instruments_by_symbol_book.sync("ACME", client=client)
        change = PatchV1OrdersByOrderIdBody(quantity="2")
        amended = patch_v1_orders_by_order_id.sync(placed.order_id, client=client, body=change)
        listed = get_v1_orders.sync(client=client)
        canceled = delete_v1_orders_by_order_id.sync(placed.order_id, client=client)
        again = delete_v1_orders_by_order_id.sync(placed.order_id, client=client)
        assert isinstance(again, Problem)
    seen = {
        "placed": [placed.status.value, placed.open_quantity, placed.fills],
        "found": found.order_id == placed.order_id,
        "best_bid": book.bids[0],
        "amended": amended.quantity,
        "listed": placed.order_id in [order.order_id for order in listed.orders],
        "canceled": [canceled.status.value, canceled.reason.value],
        "again": [again.status, again.code],
    }
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
