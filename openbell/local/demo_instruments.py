"""Demo instruments: the eight of `openbell up --demo`, as bodies of the admin API.

Companies, prices and symbols are invented; ticks and lots differ so that the screen and the bots meet all kinds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import structlog

from openbell.api import Api, path_of

if TYPE_CHECKING:
    from collections.abc import Mapping

log = structlog.get_logger(__name__)

DEMO_INSTRUMENTS: Final[Mapping[str, dict[str, Any]]] = {
    # Acme Industrial, used in the examples: cents and single shares.
    "ACME": {"tick_size": "0.01", "lot_size": "1", "reference_price": "101.25"},
    # Birchwood Bank, in round lots.
    "BIRCH": {"tick_size": "0.01", "lot_size": "10", "reference_price": "48.30"},
    # Cobalt Rail, a coarse tick for its price.
    "COBALT": {"tick_size": "0.05", "lot_size": "5", "reference_price": "262.50"},
    # Dunmore Foods, a low price and a fine tick.
    "DUNMORE": {"tick_size": "0.001", "lot_size": "100", "reference_price": "2.415"},
    # Eider Semiconductors, a high price, traded in tenths of a share.
    "EIDER": {"tick_size": "0.10", "lot_size": "0.1", "reference_price": "1240.00"},
    # Fathom Shipping, a tick that grows with the price.
    "FATHOM": {
        "ticks": [{"from": "0", "tick": "0.005"}, {"from": "10", "tick": "0.01"}, {"from": "50", "tick": "0.02"}],
        "lot_size": "1",
        "reference_price": "9.98",
    },
    # Greyling Energy, with a collar of 20 % round the reference price.
    "GREYLING": {"tick_size": "0.02", "lot_size": "1", "reference_price": "77.40", "collar_bps": "2000"},
    # Harrier Air, a penny stock in lots of a thousand.
    "HARRIER": {"tick_size": "0.0001", "lot_size": "1000", "reference_price": "0.3475"},
}


def list_missing(api: Api) -> list[str]:
    """List the demo's instruments that the exchange does not know; one that an operator changed stays as it is."""
    known = {row["symbol"] for row in instruments(api)}
    missing = [symbol for symbol in DEMO_INSTRUMENTS if symbol not in known]
    for symbol in missing:
        api.put(path_of(symbol), {**DEMO_INSTRUMENTS[symbol], "reason": "demo"})
    log.info("demo.listed", instruments=len(missing))
    return missing


def instruments(api: Api) -> list[dict[str, Any]]:
    """Every listed instrument, as the public API gives it."""
    answer = api.get("/v1/instruments")
    rows = answer["instruments"] if isinstance(answer, dict) else answer
    return list(rows)
