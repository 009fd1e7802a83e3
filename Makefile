# Everything a person or CI runs. Needs make and Python 3.11+; nothing else to begin with.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
FIND_PYTHON := for candidate in "$$PYTHON" python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  [ -n "$$candidate" ] && "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null </dev/null \
	  && { command -v "$$candidate"; break; }; done

# $(call suite,SECONDS,ARGUMENTS): a suite that outgrows its budget fails, and says so.
WORKERS ?= 2
SOAK_S ?= 600
RACE_ROUNDS ?= 1000
define suite
	@echo "== pytest $(2) (budget $(1) s)"
	@timeout --kill-after=20 --signal=INT $(1) $(BIN)/python -m pytest -q -n $(WORKERS) $(2) </dev/null; code=$$?; \
	  [ $$code -ne 124 ] || echo "the suite '$(2)' outgrew its budget of $(1) s" >&2; exit $$code
endef

.PHONY: help
help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The dashboard is built where Node is; an installed package has it built already, and needs none.
UI := src/entrypoints/http/static/ui
UI_SOURCES := $(shell find dashboard docs/openapi.json -type f -not -path '*/node_modules/*' -not -path '*/.next/*' \
	  -not -path '*/out/*' -not -path '*/e2e/*' -not -path '*/test-results/*' -not -name '*.tsbuildinfo' -not -name next-env.d.ts)
HAVE_NODE := command -v npm >/dev/null && node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null

.PHONY: run
run: $(VENV)/run.stamp dashboard-if-node ## Start eQueue on an embedded PostgreSQL, run the tour, keep serving on port 8000
	@$(BIN)/equeue dev examples/tour_tasks.py --then "$(BIN)/python examples/tour.py"

.PHONY: dashboard
dashboard: $(UI)/index.html ## Build the dashboard into the package (needs Node 20)

.PHONY: dashboard-if-node
dashboard-if-node: ## Build it where Node 20 is; elsewhere say that it is not built
	@if $(HAVE_NODE); then \
	  $(MAKE) --no-print-directory dashboard || echo "The dashboard is not built; all else runs." >&2; \
	else echo "Node 20 is not here, so the dashboard is not built; all else runs." >&2; fi

.PHONY: run-redis
run-redis: $(VENV)/run.stamp ## The same with Redis (Valkey out of a wheel) as the queue
	@EQUEUE_QUEUE_BACKEND=redis $(MAKE) --no-print-directory run

.PHONY: test
test: lint test-unit test-contract test-integration test-fuzz test-redis test-chaos ## Lint, then every suite

.PHONY: test-unit
test-unit: $(VENV)/dev.stamp ## The unit suite alone: no I/O
	$(call suite,180,tests/unit)

.PHONY: test-contract
test-contract: $(VENV)/dev.stamp ## The contract suites alone: every adapter of a port keeps the same promises
	$(call suite,450,tests/contract)

.PHONY: test-integration
test-integration: $(VENV)/dev.stamp ## The integration suite alone: real PostgreSQL, real processes
	$(call suite,720,tests/integration)

.PHONY: test-chaos
test-chaos: $(VENV)/dev.stamp ## A few rounds of each fault of `make chaos`
	$(call suite,240,tests/chaos)

.PHONY: chaos
chaos: $(VENV)/dev.stamp ## Every promise of the worker under trouble, as often as it names (about an hour; EQUEUE_CHAOS_ROUNDS)
	EQUEUE_CHAOS_ROUNDS=$(or $(EQUEUE_CHAOS_ROUNDS),full) $(BIN)/python -m pytest -q -s -n 0 tests/chaos

.PHONY: test-fuzz
test-fuzz: $(VENV)/dev.stamp ## A few generated requests for each operation of the API, as each role
	$(call suite,240,tests/fuzz)

.PHONY: fuzz
fuzz: $(VENV)/dev.stamp ## More than 20,000 generated requests (about 15 minutes)
	EQUEUE_FUZZ=full $(BIN)/python -m pytest -q -s -n 0 tests/fuzz

.PHONY: test-redis
test-redis: $(VENV)/dev.stamp ## Worker processes once more, with hints through Redis
	@echo "== pytest tests/integration/worker over Redis (budget 120 s)"
	@timeout --kill-after=20 --signal=INT 120 $(BIN)/python -m tests.redis_servers \
	  $(BIN)/python -m pytest -q -n $(WORKERS) tests/integration/worker/test_processes.py </dev/null

.PHONY: prove-redis
prove-redis: $(VENV)/dev.stamp ## Run 50,000 jobs while Redis is flushed, killed, littered, full, silent (about 20 minutes)
	EQUEUE_REDIS_JOBS=50000 $(BIN)/python -m pytest -q -s -n 0 --timeout=0 tests/integration/redis/test_troubles.py

.PHONY: test-dashboard
test-dashboard: $(VENV)/dev.stamp $(UI)/index.html ## The dashboard: types, lint, units, and a browser before a real API, worker and PostgreSQL
	@cd dashboard && npm run --silent typecheck && npm run --silent lint && npm run --silent test </dev/null
	@echo "== playwright (budget 600 s)"
	@timeout --kill-after=20 --signal=INT 600 $(BIN)/python -m tests.dashboard.stage npx playwright test </dev/null

.PHONY: lint
lint: $(VENV)/dev.stamp ## Formatting, ruff, strict types, and the contracts between the layers
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy src
	$(BIN)/mypy tests migrations examples
	$(BIN)/lint-imports --no-logo

.PHONY: format
format: $(VENV)/dev.stamp ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format .

.PHONY: mutants
mutants: $(VENV)/dev.stamp ## Break one rule at a time and see that a test notices
	$(BIN)/python -m tests.mutants.run

.PHONY: soak
soak: $(VENV)/dev.stamp ## Run the state machines and races for SOAK_S seconds (default 600)
	EQUEUE_SOAK_S=$(SOAK_S) $(BIN)/python -m pytest -q -n $(WORKERS) -m soak --timeout=0 tests
	EQUEUE_RACE_ROUNDS=$(RACE_ROUNDS) $(BIN)/python -m pytest -q -n $(WORKERS) --timeout=0 tests/integration/races

.PHONY: prove-autoscaling
prove-autoscaling: $(VENV)/dev.stamp ## Have real workers started and stopped through three bursts, by what the API says (about 4 minutes)
	$(BIN)/python -m pytest -q -s -n 0 --timeout=0 tests/prove/test_autoscaling.py

.PHONY: prove-rollout
prove-rollout: $(VENV)/dev.stamp ## Replace pods under load, with commands, probes and graces as the manifests say (about 2 minutes)
	$(BIN)/python -m pytest -q -s -n 0 --timeout=0 tests/prove/test_rollout.py

.PHONY: prove-versions
prove-versions: $(VENV)/dev.stamp ## Go one version forward, back and forward under load (1 to 3 minutes; EQUEUE_PREVIOUS names the version)
	$(BIN)/python -m pytest -q -s -n 0 tests/prove/test_versions.py

.PHONY: prove-image
prove-image: ## Build the image and run the tour in it, read-only (root, podman, debootstrap, EQUEUE_DATABASE_URL; EQUEUE_TWICE=1 compares two builds)
	sh docker/prove.sh

.PHONY: bench-claim
bench-claim: $(VENV)/dev.stamp ## One claim against what lies around it, on each PostgreSQL found (about 15 minutes)
	$(BIN)/python -m bench.claim

.PHONY: bench-worker
bench-worker: $(VENV)/dev.stamp ## The worker beside its peers and the bare loop, on one server (about 15 minutes)
	$(BIN)/python -m bench.worker

.PHONY: bench-http
bench-http: $(VENV)/dev.stamp ## Single jobs over HTTP, beside a plain route that stores one row a request (about 2 minutes)
	$(BIN)/python -m bench.http

.PHONY: bench-bulk
bench-bulk: $(VENV)/dev.stamp ## Retry 100,000 dead jobs at once, beside other work (about 5 minutes)
	$(BIN)/python -m bench.bulk

.PHONY: bench-prune
bench-prune: $(VENV)/dev.stamp ## Prune a million jobs while 1,000 a second flow (about 8 minutes)
	$(BIN)/python -m bench.pruning

.PHONY: bench-queue
bench-queue: $(VENV)/dev.stamp ## Redis, PostgreSQL's hints and polling alone: pickup, drain, idling (about 4 minutes)
	$(BIN)/python -m bench.queue

.PHONY: bench-limits
bench-limits: $(VENV)/dev.stamp ## What limits cost that are not reached (about 2 minutes)
	$(BIN)/python -m bench.limits

.PHONY: bench-enqueue
bench-enqueue: $(VENV)/dev.stamp ## Enqueueing against the bare insert
	$(BIN)/python -m bench.enqueue

.PHONY: bench-lists
bench-lists: $(VENV)/dev.stamp ## Lists, counts and jobs over HTTP with a million jobs in the table (about 3 minutes)
	$(BIN)/python -m bench.lists

.PHONY: bench-scaling
bench-scaling: $(VENV)/dev.stamp ## An autoscaler's question to PostgreSQL with a million jobs about (about 2 minutes)
	$(BIN)/python -m bench.scaling

.PHONY: bench-room
bench-room: $(VENV)/dev.stamp ## What room on a page is worth to heartbeats
	$(BIN)/python -m bench.room

.PHONY: bench-login
bench-login: $(VENV)/dev.stamp ## Whether the time of a refused login tells which accounts there are (about 3 minutes)
	$(BIN)/python -m bench.login

.PHONY: prove-limits
prove-limits: $(VENV)/dev.stamp ## Claim from behind a million jobs of a full key (about 3 minutes)
	EQUEUE_FRONT_JOBS=1000000 $(BIN)/python -m pytest -q -s -n 0 tests/integration/postgres/test_saturated_key.py

.PHONY: test-long
test-long: test test-dashboard fuzz mutants soak prove-limits ## Everything, also what takes long

.PHONY: ci-deps
ci-deps: ## Install what only CI needs: Debian packages, if this is root and apt is there
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  export DEBIAN_FRONTEND=noninteractive; \
	  apt-get -qq update </dev/null && apt-get -qq install -y --no-install-recommends \
	    ca-certificates make python3 python3-venv postgresql-15 chromium </dev/null >/dev/null; \
	  $(HAVE_NODE) || { apt-get -qq install -y --no-install-recommends nodejs npm </dev/null >/dev/null \
	    && { $(HAVE_NODE) || npm install --silent --global node@20 </dev/null; }; }; \
	else echo "ci-deps: not root, or no apt: nothing installed" >&2; fi

.PHONY: docs
docs: $(VENV)/dev.stamp ## Renew the pages that are written by the code
	$(BIN)/python docs/generate.py
	$(BIN)/equeue config docs > docs/reference/settings.md
	$(BIN)/python -m docs.alerts
	$(BIN)/python -m docs.metrics

.PHONY: plans
plans: $(VENV)/dev.stamp ## Renew the page of queries and their plans
	$(BIN)/python -m docs.queries

.PHONY: pins
pins: ## Renew the hashed pins (needs uv)
	uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --all-extras --output-file requirements/dev.txt
	uv pip compile pyproject.toml requirements/build.in --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --extra dev --constraint requirements/dev.txt --output-file requirements/run.txt
	uv pip compile pyproject.toml requirements/build.in --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --extra redis --extra otel --constraint requirements/dev.txt \
	  --output-file requirements/image.txt

.PHONY: clean
clean: ## Remove the environment, the caches and the development database
	[ ! -L .equeue/postgres ] || rm -rf "$$(readlink -f .equeue/postgres)"
	rm -rf $(VENV) .equeue .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist src/*.egg-info $(UI)
	rm -rf dashboard/node_modules dashboard/.next dashboard/out

# Not `npm ci`: it refuses a registry that lacks the packages of other platforms. What is installed is what the lock says.
dashboard/node_modules/.package-lock.json: dashboard/package.json dashboard/package-lock.json
	@echo "Installing what the dashboard is built with (about a minute, once)"
	@cd dashboard && npm install --no-save --silent --no-progress </dev/null
	@touch $@

$(UI)/index.html: dashboard/node_modules/.package-lock.json $(UI_SOURCES)
	@echo "Building the dashboard"
	@cd dashboard && NEXT_TELEMETRY_DISABLED=1 npm run --silent build </dev/null
	@touch $@

$(BIN)/python:
	@python=$$($(FIND_PYTHON)); \
	[ -n "$$python" ] || { echo "eQueue needs Python 3.11 or newer: install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }; \
	"$$python" -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "$$python cannot make environments: install its venv module (Debian: apt install python3-venv)" >&2; exit 1; }; \
	echo "Making $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV) </dev/null

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what eQueue needs (about 20 s, once)"
	@$(PIP) install --require-hashes -r requirements/run.txt </dev/null
	@$(PIP) install --no-deps --no-build-isolation -e . </dev/null
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need (about 30 s, once)"
	@$(PIP) install --require-hashes -r requirements/dev.txt </dev/null
	@$(PIP) install --no-deps --no-build-isolation -e . </dev/null
	@touch $(VENV)/run.stamp $@
