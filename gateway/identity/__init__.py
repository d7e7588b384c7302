"""Identity: tokens, the keys that they are signed with, and the addresses that requests come from."""
