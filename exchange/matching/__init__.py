"""Matching: orders are checked, placed and traded, stops triggered, auctions uncrossed, trades settled and busted."""
