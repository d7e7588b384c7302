"""The trading day: phases, calls' ends, limit states, what operators ask for, and what falls due by itself."""
