"""The order book of one instrument: its orders, levels, trades and holdings, which refer to each other."""
