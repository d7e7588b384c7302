"""Wire between our own processes: commands, events and answers as msgpack, and back."""
