"""The trading day: phases, ends of calls, limit states, operators' commands, and timers that are due."""
