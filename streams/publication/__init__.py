"""What is published: execution reports, market data and status, as the JSON that clients see."""
