# The first python that is new enough; set PY=/path/to/python to choose another.
PY ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: run install test lint clean

run: install
	$(BIN)/xiaonao up --demo

install: $(VENV)/.installed

GUARDS := "ruff check -q ." "ruff format -q --check ." "mypy" "lint-imports --no-cache" "deptry ."
GUARD = found=0; for guard in $(GUARDS); do $(BIN)/$$guard || found=1; done

# Three at a time: much of a test is waiting for browsers, brokers and databases. A file stays with
# one worker, for what it starts once. More threads inside each would only get in each other's way.
PYTEST = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -q -n 3 --dist loadfile --no-loadscope-reorder

# A fault the guards find fails the run, but the tests run all the same.
test: $(VENV)/.tested
	@$(GUARD); $(PYTEST) && exit $$found

lint: $(VENV)/.tested
	@$(GUARD); exit $$found

# Debian's python3 comes without the part of venv that brings pip; then .venv is only half made.
$(VENV)/.made:
	@test -n "$(PY)" || { echo "Xiaonao needs Python 3.11 or newer; set PY=/path/to/python3.11" >&2; exit 2; }
	@$(PY) -m venv $(VENV) || { .ci/packages python3-venv && $(PY) -m venv --clear $(VENV); } || \
	  { rm -rf $(VENV); echo "Python's venv is missing; install the package python3-venv" >&2; exit 2; }
	@touch $@

$(VENV)/.installed: $(VENV)/.made .ci/lock/run.txt pyproject.toml
	@echo "installing the locked dependencies into $(VENV)"
	@$(PIP) install --require-hashes -r .ci/lock/run.txt
	@$(PIP) install --no-deps -e .
	@touch $@

$(VENV)/.tested: $(VENV)/.installed .ci/lock/test.txt
	@echo "installing what the tests need"
	@$(PIP) install --require-hashes -r .ci/lock/test.txt
	@.ci/packages
	@touch $@

clean:
	rm -rf $(VENV) dist build
