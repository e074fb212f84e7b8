# What CI runs is 'make test'; every target runs the same here and there.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast fuzz check constraints bench services clean

VENV ?= .venv
PY := $(VENV)/bin/python
export PYTHON
# Tests start hundreds of processes, and without saved bytecode each compiles all modules anew.
export PYTHONDONTWRITEBYTECODE :=
# In as many processes as there are cores; one that is done takes tests from the others.
CORES := -n logical --dist worksteal
FAST := -m "not services" $(CORES)

help:  ## Say what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

# Two steps, each with a stamp: the demo needs the first only.
$(VENV)/.core: pyproject.toml constraints.txt scripts/make_venv.sh scripts/install.sh scripts/pinned.py
	@scripts/make_venv.sh $(VENV)
	@scripts/install.sh $(VENV) "live"
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	@scripts/install.sh $(VENV) "dev live"
	@touch $@

setup: $(VENV)/.dev  ## Make .venv with all that development needs (Python 3.11 or 3.12; PYTHON=… names one)

demo: $(VENV)/.core  ## See it work, with nothing but Python (DEMO_SECONDS=60, DEMO_SEED=…)
	@$(PY) -m tidegauge.cli demo

test: check  ## All checks and all tests, with real servers where they can be had
	@$(PY) -m tests.services get --missing
	$(PY) -m pytest $(FAST)
	$(PY) -m pytest -m services

test-fast: $(VENV)/.dev  ## The tests that need no server
	$(PY) -m pytest $(FAST)

fuzz: $(VENV)/.dev  ## Many random messages, files and records (FUZZ=5000 of each), TIMES=10 as many of other properties
	TIDEGAUGE_FUZZ=$(or $(FUZZ),5000) $(PY) -m pytest -q tests/fuzz tests/connectors/influxdb/test_round_trip.py
	TIDEGAUGE_TIMES=$(or $(TIMES),10) $(PY) -m pytest -q -m "hypothesis and not services" $(CORES)

check: $(VENV)/.dev  ## Lint, format, types, import rules, rendered files, known vulnerabilities of libraries
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(PY) -m tidegauge.cli schema --check
	$(PY) -m tidegauge.cli render --check
	$(PY) scripts/audit.py

constraints: $(VENV)/.dev  ## Write constraints.txt anew, with the hashes of all files (UPGRADE=--upgrade takes newer versions)
	cp constraints.txt constraints.new
	$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --all-extras --group build \
	    --generate-hashes --no-emit-package pip --custom-compile-command "make constraints" $(UPGRADE) \
	    pyproject.toml --output-file constraints.new
	mv constraints.new constraints.txt

bench: $(VENV)/.dev  ## Throughput against a bare consumer and stock windows (ARGS="--events 2000000")
	$(PY) -m benchmarks.throughput $(ARGS)

services: $(VENV)/.dev  ## Get the servers of the tests into the cache, and say where they are
	$(PY) -m tests.services get

clean:  ## Remove the environment and the caches of the tools
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
