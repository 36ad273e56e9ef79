# One command per action. `make help` lists them.
# Variables: REGISTRY=HOST   publish to a registry of your own instead of the one set-up starts on this machine
#            CALL="…"        flags for `pipeline call` before the function's name, e.g. --username, --token env:NAME
#            ARGS="…"        flags for the function (build-all, release) or the tool (test: pytest)
#            SOURCE=DIR      the fleet's directory, with fleet.toml
#            SIZES="8 32"    how many images the fleets of the benchmark have
#            RESULTS=FILE    where the benchmark puts its figures (docs/benchmarks.md: tests/bench/results.json)
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

REGISTRY ?=
CALL ?=
ARGS ?=
SOURCE ?= fleet
SIZES ?= 8
RESULTS ?=

bin := .venv/bin
state := $(or $(PIPELINE_HOME),$(HOME)/.local/state/pipeline)
machine := pipeline/host/machine
set_up = $(bin)/python -m pipeline.host.machine.setup --source "$(SOURCE)" --registry "$(REGISTRY)"
environment = source "$(state)/setup.env"
# NB: the source is named only where it differs: a Dagger engine and the command both default to ./fleet.
source_flag = $(if $(filter-out fleet,$(SOURCE)),--source "$(SOURCE)")
soak = $(environment); PYTHONPATH=tests/faults:tests/integration:tests/soak $(bin)/python tests/soak
bench = PYTHONPATH=tests/bench:tests/integration:tests/reporting $(bin)/python tests/bench
kept = $(if $(RESULTS),--out "$(RESULTS)")
call = $(bin)/pipeline call --registry "$$PIPELINE_LOCAL_REGISTRY" $(source_flag) $(CALL)

# NB: tests wait more than they compute: hence more workers than the two processors that they are meant for.
unit = $(bin)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder -m "not integration" --ignore=tests/integration $(ARGS)
integration = $(bin)/pytest -q -n 4 --dist loadfile --no-loadscope-reorder -m integration $(if $(filter tests/%,$(ARGS)),,tests/integration tests/soak) $(ARGS)
# NB: without bytecode every process of a test compiles its modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.PHONY: build-all
build-all: setup ## Build, smoke-test and push the whole fleet as candidates
	@$(environment); $(call) build-all --candidates $(ARGS)

.PHONY: release
release: setup ## Name what is committed: <commit date>-<short sha>
	@$(environment); facts=$$($(bin)/pipeline tag --flags --source "$(SOURCE)"); $(call) release $$facts $(ARGS)

.PHONY: setup
setup: .venv/.local ## Docker Engine, registry and root image of this machine
	@$(set_up)

.PHONY: test
test: .venv/.dev ## All tests; needs Docker, sets this machine up for them
	@$(set_up) --tests
	@$(environment); result=0; \
	  $(unit) || result=1; \
	  $(integration) || result=1; \
	  exit $$result

.PHONY: unit
unit: .venv/.dev ## The tests that need neither Docker nor a registry
	@$(unit)

.PHONY: integration
integration: .venv/.dev ## The tests that need Docker; sets this machine up for them
	@$(set_up) --tests
	@$(environment); $(integration)

.PHONY: check
check: .venv/.dev ## Everything that reads the code without running it
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/pyright
	$(bin)/lint-imports
	$(bin)/codespell
	$(bin)/deptry pipeline
	$(bin)/vulture
	$(bin)/actionlint
	$(bin)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(bin)/check-jsonschema --builtin-schema vendor.github-actions action.yml
	$(bin)/shellcheck $$(git ls-files '*.sh' '*.bash' .ci)
	$(bin)/zizmor --offline --quiet .github/workflows action.yml

.PHONY: docs
docs: .venv/.dev ## Write the reference pages anew from the code
	$(bin)/python docs/engine_api.py
	$(bin)/python docs/generate.py

.PHONY: bench
bench: .venv/.dev ## Measure against a shell loop and docker buildx bake; RESULTS=FILE keeps the figures
	@$(set_up) --tests
	@$(environment); result=0; \
	  $(bench)/run.py --sizes $(SIZES) $(kept) $(ARGS) || result=1; \
	  $(bench)/shards.py $(kept) || result=1; \
	  $(bench)/soon.py || result=1; \
	  $(bench)/interrupted.py || result=1; \
	  $(bench)/large.py || result=1; \
	  $(bench)/up_to_date.py || result=1; \
	  $(bench)/report.py || result=1; \
	  $(bench)/local_engine.py || result=1; \
	  exit $$result

.PHONY: bench-release
bench-release: .venv/.dev ## Measure a release that has nothing to do, with 8, 100 and 1,000 images
	@$(set_up) --tests
	@$(environment); $(bench)/no_op.py $(ARGS)

.PHONY: soak
soak: .venv/.dev ## Hours: 1,000 releases with faults and kills, stale reads, what 500 runs leave, a deployment, mutants of the lint rules, fuzz
	@$(set_up) --tests
	@$(soak)/run.py $(ARGS)
ifeq ($(ARGS),)
	@$(soak)/run.py --unscaled --releases 16
	@$(soak)/leftovers.py
	@$(soak)/deploy.py
	@$(bin)/python tests/soak/mutants.py
	@$(bin)/pytest -q --hypothesis-profile=soak tests/registry/test_reach.py
	@$(MAKE) fuzz
endif

.PHONY: torch
torch: .venv/.dev ## Build, push, pull and check family-torch-cu121 with the real torch (25 GB of disk)
	@$(set_up)
	@$(environment); PYTHONPATH=tests/integration $(bin)/python tests/torch/run.py

.PHONY: fuzz
fuzz: .venv/.dev ## 100,000 Dockerfiles, catalogs, .dockerignore files and references that nobody writes
	@PYTHONPATH=tests/soak $(bin)/python tests/soak/fuzz.py $(ARGS)

.PHONY: lock
lock: .venv/.dev ## Resolve the lock files anew
	$(machine)/lock.sh $(ARGS)

.PHONY: clean
clean: ## Undo set-up and remove what was built here; distribution packages stay
	-@[ ! -x $(bin)/pipeline ] || $(bin)/pipeline clean
	@python=$$(command -v $(bin)/python || command -v python3); "$$python" -m pipeline.host.machine.clean
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage out dist
	@find pipeline tests fleet -name __pycache__ -prune -exec rm -rf {} +

.venv/.local: requirements-local.lock pyproject.toml
	@$(machine)/venv.sh requirements-local.lock $@

# The development lock holds all of the other one, in the same versions.
.venv/.dev: requirements-dev.lock pyproject.toml
	@$(machine)/venv.sh requirements-dev.lock $@
	@touch .venv/.local
