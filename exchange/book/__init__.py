"""The order book of one instrument, and every order, level, trade and holding that refer to each other in it."""
