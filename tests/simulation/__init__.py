"""The whole exchange on a virtual clock and a server in memory, with faults chosen by a seed: `make simulate`."""
