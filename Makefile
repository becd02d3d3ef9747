# Everything that is done here by a command. `make` alone tells what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
CLIENT := client/pyproject.toml
PORT ?= 8000
CODE := app.py chalicelib client/dataops_client client/examples tools tests bench data

.PHONY: help run serve env test check bench pins sample clean

help: ## What there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E -e 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' -e 's/\$$\$$/$$/' | expand -t 18

run: $(VENV)/.run ## The main job: schedule, augment, wait, download and extract every sub-run of DATA_DIR (default data/) into OUTPUT_DIR (default client_output/)
	@$(PY) -m tools.run

serve: $(VENV)/.run ## The API on http://localhost:8000 (PORT=), with DATA_DIR in the embedded emulator, until Ctrl-C
	@$(PY) -m tools.serve --port $(PORT)

env: $(VENV)/.run ## The environment of the `make serve` that runs, for `chalice local` and the aws CLI: eval "$$(make -s env)"
	@$(PY) -m tools.serve --environment --port $(PORT)

test: $(VENV)/.test ## The whole test suite
	@$(VENV)/bin/pytest -n auto --dist worksteal -q

check: $(VENV)/.test ## Lint, types, directions of imports, generated files, addresses and paths that must not be in the tree
	@$(VENV)/bin/ruff check $(CODE)
	@$(VENV)/bin/mypy app.py chalicelib client/dataops_client tools tests bench data
	@$(VENV)/bin/lint-imports --no-cache | tail -1
	@$(PY) -m tools.check
	@echo "make check: all clean"

bench: $(VENV)/.bench ## Speed and memory against the baseline, on the sample or DATA_DIR, as ratios of one run
	@tools/get_dynamodb_local.sh || true
	@$(PY) -m bench

sample: ## Write the sample data in data/ anew
	@$(PYTHON) data/make_sample.py --update

pins: $(VENV)/.test ## Pin what the requirements*.in ask for, with hashes
	@for name in $(basename $(wildcard requirements*.in)); do \
	  $(VENV)/bin/uv pip compile --quiet $$([ $$name != requirements-server ] || echo --no-deps) --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	    --custom-compile-command "make pins" $$name.in --output-file $$name.txt; done

clean: ## Remove what was made here, the virtual environment too
	rm -rf $(VENV) .local client_output bench/results .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp tells that the virtual environment holds what the pins of the same age say.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.13 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv: on Debian, apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements-local.txt $(CLIENT)
	@echo "installing what runs (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-local.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e ./client
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements-test.txt
	@echo "installing what tests (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.run requirements-bench.txt
	@echo "installing what the benchmark needs (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@touch $@

BACKENDS := .venv-backends
STAGE ?= dev
ARCH ?= x86_64
SCENARIOS ?= 2000
.PHONY: package backends test-backends test-compose test-faults

package: $(VENV)/.test $(BACKENDS)/.made ## A Lambda package and its CloudFormation template in dist/ (STAGE=dev|prod ARCH=x86_64|arm64)
	@$(PY) -m tools.package --stage $(STAGE) --arch $(ARCH) $(if $(filter yes,$(OPEN)),--allow-open)
	@$(BACKENDS)/bin/cfn-lint dist/$(STAGE)-$(ARCH)/template.json

backends: $(BACKENDS)/.made ## Install what the tests of the package and of the stores need (Python 3.13; once)

test-backends: $(VENV)/.test $(BACKENDS)/.made ## The tests on SeaweedFS + DynamoDB Local, ministack and LocalStack (COMPOSE=docker-compose ONLY=NAME)
	@tools/get_dynamodb_local.sh
	@$(PY) -m tools.backends $(addprefix --only ,$(ONLY))

test-compose: $(VENV)/.test ## Both Compose files, run for real (COMPOSE=docker-compose)
	@COMPOSE="$(or $(COMPOSE),docker-compose)" $(PY) -m pytest -q tests/compose

test-faults: $(VENV)/.test $(BACKENDS)/.made ## SCENARIOS=2000 of faults between the API and its stores (SeaweedFS and DynamoDB Local)
	@tools/get_dynamodb_local.sh
	@SCENARIOS=$(SCENARIOS) $(PY) -m tools.backends --only seaweedfs -- tests/faults

$(BACKENDS)/.made: requirements-backends.txt tools/get_backends.sh
	@tools/get_backends.sh
