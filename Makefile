# Needs Python 3.11 or newer and nothing else: each verb sets itself up in .venv. Another Python: make run PYTHON=python3.13
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ARGS ?=
EXTRAS ?= dev

# A .venv whose Python is gone, or that was made for another folder, is made anew.
HERE := $(shell $(BIN)/python -I -c "import pipeline; print(pipeline.__file__)" 2>/dev/null)
ifneq ($(HERE),$(CURDIR)/pipeline/__init__.py)
  STALE := stale
endif

define LISTED
import csv, sys
refs = {}
for row in csv.DictReader(open(sys.argv[1], encoding="utf-8")):
    if row["account"] or row["invoice_date"]:  # an item without an invoice has neither
        refs.setdefault(row["state"], set()).add(row["invoice_ref"])
print("Accepted:", *sorted(refs["prepared"]))
print("Rejected:", *sorted(refs["rejected"]))
endef
export LISTED

.PHONY: run test test-quick coverage lint bench bench-pairs docs sample clean stale

run: $(VENV)/.ready  ## the sample, from price list to payloads, in a new workspace
	@set -eu; \
	workspace="$$(mktemp -d "$${TMPDIR:-/tmp}/invoice-import.XXXXXX")/workspace"; \
	$(BIN)/invoice-import catalog load data/products.csv --workspace "$$workspace"; \
	echo; \
	code=0; $(BIN)/invoice-import run data/invoices.xlsx --workspace "$$workspace" || code=$$?; \
	if [ "$$code" -ne 4 ]; then echo "The sample must exit with 4 and exited with $$code." >&2; exit 1; fi; \
	echo; \
	$(BIN)/python -c "$$LISTED" "$$workspace"/runs/*/ledger.csv; \
	echo "Exit code 4, as expected: the sample has faults, so some of its invoices are rejected."; \
	echo "The reports lie in $$(echo "$$workspace"/runs/*)"

test: $(VENV)/.ready-dev  ## every test
	$(BIN)/python -m pytest -n auto --dist loadfile $(ARGS)

test-quick: $(VENV)/.ready-dev  ## in a few minutes: one case of each test, without those that are slow or kill processes
	$(BIN)/python -m pytest -n auto --dist worksteal --quick --ignore tests/processes $(ARGS)

coverage: $(VENV)/.ready-dev  ## every test, and the lines that none of them reached, by room
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n auto --dist loadfile $(ARGS)
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python tests/support/coverage_by_room.py

lint: $(VENV)/.ready-dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.ready-dev  ## seconds, rows a second and memory, beside the reference pipelines
	$(BIN)/python -m benchmarks.bench $(ARGS)

bench-pairs: $(VENV)/.ready-dev  ## run of this checkout against that of another: make bench-pairs AGAINST=../before
	$(BIN)/python -m benchmarks.pairs --against $(AGAINST) $(ARGS)

docs: $(VENV)/.ready  ## what is told by the declarations: templates, issues, settings
	$(BIN)/python docs/make.py
	$(BIN)/python docs/messages.py
	$(BIN)/python docs/map.py

sample: $(VENV)/.ready  ## the files in data/
	$(BIN)/python data/make.py

clean:
	rm -rf $(VENV)

$(VENV)/.made: $(STALE)
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=python3.11" >&2; exit 1; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.ready: $(VENV)/.made pyproject.toml
	@echo "Installing into $(VENV) ..." >&2
	@$(PIP) -e .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.made pyproject.toml
	@echo "Installing into $(VENV) ..." >&2
	@$(PIP) -e '.[$(EXTRAS)]'
	@touch $@ $(VENV)/.ready
