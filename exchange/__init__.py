"""Trading, and nothing else: no asyncio, no clock, no network, no JSON, no randomness, no float."""
