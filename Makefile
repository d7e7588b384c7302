# Everything on a fresh machine with Python 3.11+, make and a C compiler: `make up` runs the exchange, `make test` proves it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
ARGS ?=

.PHONY: help build up test lint bench clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Pinned dependencies and the packages of this tree; done again when their lists change.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c constraints.txt hatchling editables mypy setuptools
	OPENBELL_COMPILE=0 $(PIP) install -q -c constraints.txt --no-build-isolation -e '.[test]'
	touch $@

build: $(VENV)/.installed  ## Install dependencies, compile the engine, build the web screen
	$(BIN)/python scripts/compile_engine.py
	$(BIN)/python scripts/build_web.py

up: build  ## Run the exchange with the demo market at http://localhost:8080 (ARGS="--port 9000" for more)
	exec $(BIN)/openbell up --demo $(ARGS)

test: build browser lint  ## Check and prove everything (under 15 minutes on 2 cores)
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.installed  ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: build  ## Measure the engine alone, and the order path against a floor with no exchange in it
	$(BIN)/openbell bench engine
	$(BIN)/openbell bench path $(ARGS)

# The tests look at the page in a real browser: Debian's chromium, installed when root and missing.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing chromium for the browser tests …"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	  else echo "No chromium here: the browser tests will be skipped (apt-get install chromium)."; fi; }

clean:  ## Remove what was built, but not the exchange's data (.openbell)
	rm -rf $(VENV) build dist gateway/static web/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name '*.so' -not -path './.venv/*' -delete
