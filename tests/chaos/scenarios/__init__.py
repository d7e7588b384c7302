"""One fault a file: a coroutine that does the harm under load and gives `Findings`."""
