# `make demo` and `make test` are all that a fresh machine with python3, pip and make needs.
# `make help` lists the rest. Each target does one thing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(PYTHON) -m pip --python $(BIN)/python --disable-pip-version-check
INSTALL := $(PIP) install --quiet --no-warn-script-location --require-hashes
ARGS ?=
FUZZ_EXAMPLES ?= 100000
API_EXAMPLES ?= 200
KILLS ?= 500

.DEFAULT_GOAL := help
.PHONY: help demo test check fix fuzz crash gas bench docs contracts web lock clean anvil axe

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: $(VENV)/.main ## trade on two relays, one of them killed, on an EVM in this process (ARGS=--json)
	$(BIN)/offbeat demo $(ARGS)

test: $(VENV)/.dev anvil axe ## run the test suite (ARGS=... goes to pytest)
	$(BIN)/pytest $(ARGS)

check: $(VENV)/.dev ## lint, types, floors, contract artifacts; changes nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python contracts/build.py --check
	@if command -v npm >/dev/null && node -e 'process.exit(Number(parseInt(process.versions.node) < 20))'; \
	then $(MAKE) --no-print-directory build/web/checked; \
	else echo "no npm with Node.js 20: whether the page is what web/ builds was NOT checked" >&2; fi

fix: $(VENV)/.dev ## format and apply safe lint fixes
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

fuzz: $(VENV)/.dev ## Python against Vyper on FUZZ_EXAMPLES random batches, and random histories
	OFFBEAT_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) OFFBEAT_STATEFUL_EXAMPLES=$$(($(FUZZ_EXAMPLES) / 40)) \
		$(BIN)/pytest tests/parity $(ARGS)

crash: $(VENV)/.dev anvil ## fault tests, then kill relays KILLS times on each kind of store, and audit
	OFFBEAT_FAULTS=1 $(BIN)/pytest tests/faults
	PYTHONPATH=tests/support $(BIN)/python tests/support/fault_campaign.py --kills=$(KILLS) $(ARGS)

gas: $(VENV)/.dev anvil ## gas per order on a real node, against the committed snapshot
	PYTHONPATH=tests/support $(BIN)/python bench/gas.py $(ARGS)

bench: $(VENV)/.dev ## speed of hashing, recovery, auction, margin, store and a relay
	PYTHONPATH=tests/support $(BIN)/python bench/bench.py $(ARGS)

docs: $(VENV)/.dev ## API reference as HTML in build/docs
	$(BIN)/python docs/build.py

contracts: $(VENV)/.dev ## generate contracts/lib, compile, write the shipped artifacts
	$(BIN)/python contracts/build.py

# The built page is committed, so that a relay serves it where there is no npm.
PAGE := src/offbeat/node/page
WEB = $(shell find web -path web/node_modules -prune -o -path web/src/generated -prune -o -type f -print)
web: build/web/page ## build the trader's page anew from web/
	rm -rf $(PAGE)
	cp -r build/web/page $(PAGE)

build/web/page: web/node_modules/.installed $(WEB) $(shell find src/offbeat/wire src/offbeat/node/api -name '*.py') | $(VENV)/.dev
	$(BIN)/python web/openapi.py build/web/openapi.json
	cd web && npm run --silent types >/dev/null && npm run --silent check && npm run --silent test \
		&& npm run --silent build -- --logLevel=warn
	@touch $@

build/web/checked: build/web/page $(wildcard $(PAGE)/* $(PAGE)/assets/*)
	@diff -r build/web/page $(PAGE) || { echo "the page is not what web/ builds: make web" >&2; exit 1; }
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

# Locks hold for every supported Python and platform, and name no index.
LOCK = $(BIN)/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS) pyproject.toml
lock: $(VENV)/.dev ## resolve requirements/*.txt anew (ARGS=--upgrade for newer versions)
	$(LOCK) --extra node --group build --output-file requirements/main.txt
	$(LOCK) --extra node --extra postgres --group build --group dev --constraint requirements/main.txt \
		--output-file requirements/dev.txt

clean: ## remove everything that make made
	rm -rf $(VENV) node_modules web/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find src tests bench contracts -name __pycache__ -type d -exec rm -rf {} +

# The system's own pip fills the environment: `venv --without-pip` works where Debian's
# python3-venv is missing, and `pip --python` leaves the system's packages alone.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Offbeat needs Python 3.11 or newer; try: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m pip --version >/dev/null \
		|| { echo "Offbeat needs pip for $(PYTHON); on Debian: apt-get install python3-pip" >&2; exit 1; }
	$(PYTHON) -m venv --without-pip $(VENV)

$(VENV)/.main: requirements/main.txt pyproject.toml | $(BIN)/python
	$(INSTALL) --requirement requirements/main.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.main
	$(INSTALL) --requirement requirements/dev.txt
	@touch $@

# Without npm the suite still runs and ends with a list of the tests that did not.
anvil:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.anvil; \
	else echo "npm is missing: tests on a real node will NOT run" >&2; fi

axe:
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory web/node_modules/.installed; \
	else echo "npm is missing: the page's accessibility will NOT be checked" >&2; fi

node_modules/.anvil: package.json
	npm install --no-fund --no-audit --loglevel=error
	@touch $@
