"""Feeds: each channel is followed once, kept whole, and fanned out to its subscribers."""
