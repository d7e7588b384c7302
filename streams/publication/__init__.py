"""Publication: execution reports, market data and status, as the JSON that clients see."""
