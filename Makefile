# The commands of this repository. `make` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
CLIENT := client/pyproject.toml
PORT ?= 8000
PACKAGES := chalicelib server localdev scripts bench tests
CODE := app.py $(PACKAGES) client/dataops_client client/examples data docs
SHELL_SCRIPTS := .ci/run $(wildcard scripts/*.sh deploy/*/*.sh)
HEAVY ?= $(CI)
# One worker more than cores: many tests wait for servers and browsers.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PYTEST := $(VENV)/bin/pytest -n $(WORKERS) --dist worksteal -q

.PHONY: help run serve env test test-fast coverage check format lint typecheck docs bench lock sample-data clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E -e 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' -e 's/\$$\$$/$$/' | expand -t 25

run: $(VENV)/.run ## Schedule, augment, download and extract every sub-run of DATA_DIR (default: data/) into OUTPUT_DIR (default: client_output/)
	@$(PY) -m localdev.run

serve: $(VENV)/.run ## Serve DATA_DIR on http://localhost:8000 (PORT=) with the embedded emulator, until Ctrl-C
	@$(PY) -m localdev.serve --port $(PORT)

env: $(VENV)/.run ## Print the environment of the running `make serve`, for `chalice local` and the aws CLI: eval "$$(make -s env)"
	@$(PY) -m localdev.serve --environment --port $(PORT)

test: $(VENV)/.test ## Run the tests that this machine has the programs for (HEAVY=1: also those over 20 s)
	@$(PYTEST) $(if $(HEAVY),,-m "not heavy")
	@$(if $(HEAVY),,echo "deselected: tests marked heavy, which CI runs (make test HEAVY=1)")

test-fast: $(VENV)/.test ## Run the unit tests, and the contract tests that need no store
	@$(VENV)/bin/pytest -n auto --dist worksteal -q tests/unit tests/contract -m "not slow and not stores"

coverage: $(VENV)/.test ## Measure the coverage of unit, component, contract and integration tests against the floor in pyproject.toml
	@$(PYTEST) tests/unit tests/component tests/contract tests/integration --cov --cov-report=term:skip-covered --cov-report=html:.local/coverage

check: $(VENV)/.test lint typecheck ## Lint, type-check, check import contracts and generated files
	@output=$$($(VENV)/bin/lint-imports --no-cache 2>&1) || { echo "$$output"; exit 1; }
	@$(PY) -m scripts.check_repo
	@echo "make check: all clean"

format: $(VENV)/.test ## Format the Python code and fix what ruff can fix
	@$(VENV)/bin/ruff check --fix --quiet $(CODE) || true
	@$(VENV)/bin/ruff format $(CODE)

lint: $(VENV)/.test ## Check style, formatting, words and shell scripts
	@$(VENV)/bin/ruff check --quiet $(CODE)
	@$(VENV)/bin/ruff format --check --quiet $(CODE)
	@git ls-files -z | xargs -0 $(VENV)/bin/codespell
	@$(VENV)/bin/shellcheck $(SHELL_SCRIPTS)

typecheck: $(VENV)/.test ## Check the types with mypy --strict
	@$(VENV)/bin/mypy app.py $(PACKAGES) client/dataops_client data

docs: $(VENV)/.docs ## Build the documentation in site/; a warning is an error
	@rm -rf site && $(PY) -m sphinx -E -W --keep-going -n -q -b html -d .local/doctrees docs site
	@echo "documentation: site/index.html"

bench: $(VENV)/.bench ## Measure speed, growth and memory of the sample or DATA_DIR, as ratios of one run (RELEASE=1: update the committed results)
	@scripts/get_dynamodb_local.sh
	@$(PY) -m bench $(if $(RELEASE),--release)

sample-data: ## Regenerate the sample data in data/
	@$(PYTHON) data/make_sample.py --update

lock: $(VENV)/.test ## Regenerate the pinned requirements, with hashes
	@cd requirements && for source in $(filter-out docs.in,$(notdir $(wildcard requirements/*.in))) docs.in; do name=$${source%.in}; \
	  ../$(VENV)/bin/uv pip compile --quiet $$([ $$name != server ] || echo --no-deps) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-annotate --custom-compile-command "make lock" $$source --output-file $$([ $$name = lambda ] && echo ../requirements.txt || echo $$name.txt); done

clean: ## Remove generated files, caches and the virtual environments
	rm -rf $(VENV) $(PACKAGING) $(BACKENDS) dist site .local client_output bench/results .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp is newer than the pins that are installed in the virtual environment.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.13 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv: on Debian, apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements/local.txt pyproject.toml $(CLIENT)
	@echo "installing the runtime dependencies (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/local.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./client
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements/test.txt
	@echo "installing the test dependencies (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/.docs: $(VENV)/.run requirements/docs.txt
	@echo "installing the dependencies of the documentation (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.run requirements/bench.txt
	@echo "installing the dependencies of the benchmark (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

BACKENDS := .venv-backends
PACKAGING := .venv-package
STAGE ?= dev
ARCH ?= x86_64
SCENARIOS ?= 2000
.PHONY: package release release-check install-backends test-backends test-compose test-chaos

package: $(PACKAGING)/.made ## Build a Lambda package and its CloudFormation template in dist/ (STAGE=dev|prod ARCH=x86_64|arm64)
	@$(PACKAGING)/bin/python -m scripts.build_lambda_package --stage $(STAGE) --arch $(ARCH) $(if $(filter yes,$(OPEN)),--allow-open)
	@$(PACKAGING)/bin/cfn-lint dist/$(STAGE)-$(ARCH)/template.json

release-check: $(VENV)/.run ## Check that the code and the changelog have VERSION
	@$(PY) -m scripts.release --check $(VERSION)

release: $(VENV)/.test docs ## Build what a release contains in dist/release/: wheels, Lambda packages, documentation
	@$(MAKE) --no-print-directory package STAGE=prod ARCH=x86_64
	@$(MAKE) --no-print-directory package STAGE=prod ARCH=arm64
	@rm -rf dist/python
	@$(VENV)/bin/uv build --quiet --no-build-isolation --python $(PY) --out-dir dist/python client
	@$(PY) -m scripts.release --collect

install-backends: $(BACKENDS)/.made ## Install the stores and the Lambda emulator of the tests (needs Python 3.13)

test-backends: $(VENV)/.test $(BACKENDS)/.made ## Run the tests on SeaweedFS + DynamoDB Local, ministack and LocalStack (COMPOSE=docker-compose ONLY=NAME)
	@scripts/get_dynamodb_local.sh
	@$(PY) -m scripts.test_on_stores $(addprefix --only ,$(ONLY))

test-compose: $(VENV)/.test ## Run both Compose files (COMPOSE=docker-compose)
	@COMPOSE="$(or $(COMPOSE),docker-compose)" $(PY) -m pytest -q tests/compose

test-chaos: $(VENV)/.test $(BACKENDS)/.made ## Run SCENARIOS=2000 of seeded faults between the API and SeaweedFS with DynamoDB Local
	@scripts/get_dynamodb_local.sh
	@SCENARIOS=$(SCENARIOS) $(PY) -m scripts.test_on_stores --only seaweedfs -- tests/chaos

$(PACKAGING)/.made: requirements/package.txt
	@echo "installing the packaging tools (once)"
	@$(PYTHON) -m venv --clear $(PACKAGING)
	@$(PACKAGING)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/package.txt
	@touch $@

$(BACKENDS)/.made: requirements/backends.txt scripts/get_backends.sh
	@scripts/get_backends.sh
