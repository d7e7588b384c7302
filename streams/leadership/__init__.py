"""Leadership: leases, who leads and who stands by, and the leader of one partition at work."""
