# Every target does its own set-up; a second run finds it done. `make help` lists them.
VENV := .venv
PYTHON := $(VENV)/bin/python
PIP_INSTALL := $(PYTHON) -m pip install --quiet --require-hashes --only-binary :all:
# Two test processes: each starts its own PostgreSQL, so more than the cores there are only costs.
WORKERS ?= 2
N ?= 100000

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
unexport PYTHONHOME PYTHONPATH

# A virtual environment whose Python has gone (an upgrade, a moved checkout) is made anew.
ifneq ($(wildcard $(VENV)/.made),)
ifneq ($(shell $(PYTHON) -m pip --version >/dev/null 2>&1 && cat $(VENV)/.made),$(CURDIR))
$(shell rm -f $(VENV)/.made)
endif
endif

.DEFAULT_GOAL := help
.PHONY: help install demo test check lint proof seed requirements clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

install: $(VENV)/.installed ## the service in .venv, nothing else

demo: $(VENV)/.installed ## the whole service with a simulated network and client; ARGS=--once walks one message of each kind
	$(VENV)/bin/odzew demo $(ARGS)

test: $(VENV)/.tested-with lint ## everything that CI checks: linters, types, layers, all tests
	@for tool in strace openssl chromium; do \
		command -v $$tool >/dev/null 2>&1 || sh scripts/apt.sh $$tool || echo "Without $$tool some tests fail." >&2; \
	done
	sh scripts/in_memory.sh $(PYTHON) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/.tested-with lint ## the quick part of it: linters, types, layers, shape
	$(PYTHON) -m pytest tests/shape

lint: $(VENV)/.tested-with
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

proof: $(VENV)/.tested-with ## the long measurements; figures are kept in docs/proof.md
	$(PYTHON) -m proof $(ARGS)

seed: $(VENV)/.tested-with ## fill a database with N messages
	$(PYTHON) -m proof.seed --count $(N) $(ARGS)

requirements: ## pin the newest versions anew (needs uv)
	for list in build runtime test; do \
		uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
			$$([ $$list = test ] && echo -c requirements/runtime.txt) -o requirements/$$list.txt requirements/$$list.in || exit 1; \
	done

clean: ## take away what these targets made
	rm -rf $(VENV) build dist src/*.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# .made holds the directory it was made in: scripts inside know it by its full path.
$(VENV)/.made: scripts/venv.sh
	sh scripts/venv.sh $(VENV)
	@printf '%s' '$(CURDIR)' > $@

$(VENV)/.installed: $(VENV)/.made requirements/build.txt requirements/runtime.txt pyproject.toml
	$(PIP_INSTALL) -r requirements/build.txt
	$(PIP_INSTALL) -r requirements/runtime.txt
	$(PYTHON) -m pip install --quiet --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.tested-with: $(VENV)/.installed requirements/test.txt
	$(PIP_INSTALL) -r requirements/test.txt
	@touch $@
