# Every target installs what it needs into $(VENV); `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INPUT ?= examples/merchant-day.csv
# What is run again with the providers that Terraform launches itself.
STOCK_TESTS := tests/terraform/test_terraform_lifecycle.py \
  tests/modules/test_data_module.py::test_key_rotates
# Certificates are the system's, where companies put their own, and packages come from the index
# that pip is configured for, if it was by environment.
export UV_SYSTEM_CERTS ?= 1
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
ifeq ($(UV_DEFAULT_INDEX),)
  unexport UV_DEFAULT_INDEX
endif

NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
  { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help install package demo up test test-all log-paths evidence pci-delta policies self-test browser bench release pipeline lint format lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(VENV)/.installed ## Install the pinned packages into a virtual environment

$(VENV)/.installed: requirements.lock requirements-bootstrap.lock pyproject.toml
	@$(NEW_ENOUGH)
	@echo "Installing pinned packages into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bootstrap.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

package: install ## Build the release of this checkout as it is into dist/
	@$(BIN)/python -m promotion build --allow-dirty

release: install ## The release of what is committed; KEY=alias/... signs it with a key of KMS
	@$(BIN)/python -m promotion build
	@[ -z "$(KEY)" ] || $(BIN)/python -m promotion sign dist --key "$(KEY)"
	@$(BIN)/python -m promotion pack dist build/release.tar

demo: package ## Apply dev to the embedded AWS, pay a merchant's day, reconcile, destroy
	@$(BIN)/python -m harness demo --input "$(INPUT)"

up: package ## The same platform left running, for curl and a browser; Ctrl-C ends it
	@$(BIN)/python -m harness up

test: package lint browser $(VENV)-oscal/.installed $(VENV)-policies/.installed ## Everything that CI runs
	@$(BIN)/python -m pytest -n 3 --again 3 --tf-require-validations=modules \
	  --tf-require-validations=environments --pci-table=build/pci-tests.json
	@$(BIN)/python -m pytest --tf-providers=stock --tf-no-plan-cache $(STOCK_TESTS)
	@$(BIN)/python -m harness mutants

log-paths: package ## Follow everything that logs in dev to the locked bucket where it ends
	@$(BIN)/python -m harness log-paths

evidence: package $(VENV)-policies/.installed $(VENV)-oscal/.installed ## Apply, examine, attack; seal what was found in build/evidence
	@$(BIN)/python -m harness evidence --policies $(VENV)-policies/bin/python \
	  --oscal $(VENV)-oscal/bin/python

pci-delta: package $(VENV)-policies/.installed ## PCI DSS between two commits, or packs: FROM=main [TO=HEAD]
	@$(BIN)/python -m harness pci-delta --policies $(VENV)-policies/bin/python $(FROM) $(TO)

policies: ## Judge Terraform by the PCI policies: TARGET="plan.json modules/waf", OPTIONS=--undecided
	@policies/check $(TARGET) $(OPTIONS)

self-test: package $(VENV)-policies/.installed ## Break our own plans in known ways: every PCI check must fail each
	@$(BIN)/python -m harness self-test --policies $(VENV)-policies/bin/python

pipeline: package ## Promote the checkout through four accounts by the deployed pipeline; DRY_RUN=1 only says how
	@$(BIN)/python -m harness pipeline $(if $(DRY_RUN),--dry-run)

# Pages are tested in a real browser, which no package index has.
browser: ## Install Chromium where there is none (Debian, as root)
	@for name in "$$PLAYWRIGHT_CHROMIUM" chromium chromium-browser google-chrome; do \
	  [ -n "$$name" ] && command -v "$$name" >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium"; \
	  { apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null; \
	else echo "Tests of pages need Chromium: install it, or set PLAYWRIGHT_CHROMIUM" >&2; exit 1; fi

test-all: test ## Also long tests and every mutant
	@$(BIN)/python -m pytest --thorough
	@$(BIN)/python -m harness mutants --thorough

# What only counts and plans is compared with nothing that has to be installed.
ifneq ($(ONLY),rollout)
YARDSTICK := $(VENV)-yardstick
bench: $(YARDSTICK)/.installed $(VENV)-policies/.installed
endif

bench: package ## Measure ratios side by side; ONLY=plans measures a part
	@$(BIN)/python -m harness bench $(if $(YARDSTICK),--yardstick $(YARDSTICK)/bin/python) $(addprefix --only ,$(ONLY))

# Consumers of the policies need nothing else of the project's.
$(VENV)-policies/.installed: requirements-policies.lock requirements-bootstrap.lock
	@$(NEW_ENOUGH)
	@echo "Installing pinned packages into $(VENV)-policies"
	@$(PYTHON) -m venv $(VENV)-policies
	@$(VENV)-policies/bin/python -m pip install --quiet --require-hashes -r requirements-bootstrap.lock
	@$(VENV)-policies/bin/uv pip install --quiet --python $(VENV)-policies/bin/python --require-hashes -r $<
	@touch $@

$(VENV)-oscal/.installed: requirements-oscal.lock | install
	@$(PYTHON) -m venv $(VENV)-oscal
	@$(BIN)/uv pip install --quiet --python $(VENV)-oscal/bin/python --require-hashes -r $<
	@touch $@

$(VENV)-yardstick/.installed: requirements-yardstick.lock | install
	@$(PYTHON) -m venv $(VENV)-yardstick
	@$(BIN)/uv pip install --quiet --python $(VENV)-yardstick/bin/python --require-hashes -r $<
	@touch $@

lint: install ## Ruff, strict mypy and hadolint; the rules over the HCL are tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/hadolint ecs_src/*/Dockerfile

format: install ## Rewrite Python and HCL in the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m harness fmt

LOCK := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --upgrade --quiet --custom-compile-command "make lock"

IMAGES := fraud-detection merchant-dashboard

lock: install ## Resolve the lock files again (hashes, no index address)
	@$(BIN)/$(LOCK) pyproject.toml --group test --group lint --group build -o requirements.lock
	@$(BIN)/$(LOCK) --group bootstrap -o requirements-bootstrap.lock
	@$(BIN)/$(LOCK) --group yardstick -o requirements-yardstick.lock
	@$(BIN)/$(LOCK) --group policies -o requirements-policies.lock
	@$(BIN)/$(LOCK) --group oscal -o requirements-oscal.lock
	@$(BIN)/$(LOCK) --group model -o requirements-model.lock
	@$(BIN)/$(LOCK) --group pipeline --constraint requirements.lock -o requirements-pipeline.lock
	@for image in $(IMAGES); do \
	  $(BIN)/$(LOCK) --group $$image --constraint requirements.lock -o requirements-$$image.lock \
	    || exit 1; done

clean: ## Remove what was built or installed
	rm -rf $(VENV) $(VENV)-policies $(VENV)-oscal $(VENV)-yardstick dist build .work
