PY ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run install test lint clean

run: install
	$(BIN)/xiaonao up --demo

install: $(VENV)/.installed

test: $(VENV)/.tested
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q

lint: $(VENV)/.tested
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports

$(BIN)/python:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Xiaonao needs Python 3.11 or newer; set PY=/path/to/python3.11" >&2; exit 2; }
	$(PY) -m venv $(VENV) || .ci/packages python3-venv && $(PY) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python .ci/lock/run.txt pyproject.toml
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r .ci/lock/run.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed .ci/lock/test.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r .ci/lock/test.txt
	-.ci/packages
	@touch $@

clean:
	rm -rf $(VENV) dist build
