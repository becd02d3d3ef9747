# Everything that is done here by a command. `make` alone tells what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
CLIENT := client/pyproject.toml
PORT ?= 8000
PACKAGES := chalicelib server localdev scripts bench tests
CODE := app.py $(PACKAGES) client/dataops_client client/examples data

.PHONY: help run serve env test check bench lock sample-data clean

help: ## What there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E -e 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' -e 's/\$$\$$/$$/' | expand -t 18

run: $(VENV)/.run ## The main job: schedule, augment, wait, download and extract every sub-run of DATA_DIR (default data/) into OUTPUT_DIR (default client_output/)
	@$(PY) -m localdev.run

serve: $(VENV)/.run ## The API on http://localhost:8000 (PORT=), with DATA_DIR in the embedded emulator, until Ctrl-C
	@$(PY) -m localdev.serve --port $(PORT)

env: $(VENV)/.run ## The environment of the `make serve` that runs, for `chalice local` and the aws CLI: eval "$$(make -s env)"
	@$(PY) -m localdev.serve --environment --port $(PORT)

test: $(VENV)/.test ## The whole test suite
	@$(VENV)/bin/pytest -n auto --dist worksteal -q

check: $(VENV)/.test ## Lint, types, directions of imports, generated files, addresses and paths that must not be in the tree
	@$(VENV)/bin/ruff check $(CODE)
	@$(VENV)/bin/mypy app.py $(PACKAGES) client/dataops_client data
	@output=$$($(VENV)/bin/lint-imports --no-cache 2>&1) || { echo "$$output"; exit 1; }
	@$(PY) -m scripts.check_repo
	@echo "make check: all clean"

bench: $(VENV)/.bench ## Speed and memory against the baseline, on the sample or DATA_DIR, as ratios of one run
	@scripts/get_dynamodb_local.sh || true
	@$(PY) -m bench

sample-data: ## Write the sample data in data/ anew
	@$(PYTHON) data/make_sample.py --update

lock: $(VENV)/.test ## Regenerate the pinned requirements, with hashes
	@cd requirements && for source in *.in; do name=$${source%.in}; \
	  ../$(VENV)/bin/uv pip compile --quiet $$([ $$name != server ] || echo --no-deps) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-annotate --custom-compile-command "make lock" $$source --output-file $$([ $$name = lambda ] && echo ../requirements.txt || echo $$name.txt); done

clean: ## Remove what was made here, the virtual environment too
	rm -rf $(VENV) .local client_output bench/results .mypy_cache .ruff_cache .pytest_cache .hypothesis

# A stamp tells that the virtual environment holds what the pins of the same age say.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.13 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "python3 has no venv: on Debian, apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.made requirements/local.txt pyproject.toml $(CLIENT)
	@echo "installing what runs (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/local.txt
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e ./client
	@touch $@

$(VENV)/.test: $(VENV)/.run requirements/test.txt
	@echo "installing what tests (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/test.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.run requirements/bench.txt
	@echo "installing what the benchmark needs (once)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

BACKENDS := .venv-backends
STAGE ?= dev
ARCH ?= x86_64
SCENARIOS ?= 2000
.PHONY: package install-backends test-backends test-compose test-chaos

package: $(VENV)/.test $(BACKENDS)/.made ## A Lambda package and its CloudFormation template in dist/ (STAGE=dev|prod ARCH=x86_64|arm64)
	@$(PY) -m scripts.build_lambda_package --stage $(STAGE) --arch $(ARCH) $(if $(filter yes,$(OPEN)),--allow-open)
	@$(BACKENDS)/bin/cfn-lint dist/$(STAGE)-$(ARCH)/template.json

install-backends: $(BACKENDS)/.made ## Install what the tests of the package and of the stores need (Python 3.13; once)

test-backends: $(VENV)/.test $(BACKENDS)/.made ## The tests on SeaweedFS + DynamoDB Local, ministack and LocalStack (COMPOSE=docker-compose ONLY=NAME)
	@scripts/get_dynamodb_local.sh
	@$(PY) -m scripts.test_on_stores $(addprefix --only ,$(ONLY))

test-compose: $(VENV)/.test ## Both Compose files, run for real (COMPOSE=docker-compose)
	@COMPOSE="$(or $(COMPOSE),docker-compose)" $(PY) -m pytest -q tests/compose

test-chaos: $(VENV)/.test $(BACKENDS)/.made ## SCENARIOS=2000 of faults between the API and its stores (SeaweedFS and DynamoDB Local)
	@scripts/get_dynamodb_local.sh
	@SCENARIOS=$(SCENARIOS) $(PY) -m scripts.test_on_stores --only seaweedfs -- tests/chaos

$(BACKENDS)/.made: requirements/backends.txt scripts/get_backends.sh
	@scripts/get_backends.sh
