# Everything that a person or CI runs. `make help` lists it.
# Set-up is a real target: it runs when a requirements file changes, and not again.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := requirements.txt requirements-dev.txt constraints.txt
DATASET ?=
OUT ?= out
SAM ?= .venv-sam/bin/sam
PARAMETERS ?=
GUIDED ?=
DATA ?=
YES ?=
KEEP ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench ray clients deploy known smoke destroy redrive sweep build clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

setup: $(BIN)/sonoflow ## Make .venv with the pinned dependencies and the command sonoflow

$(VENV)/.ready: $(REQUIREMENTS)
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed; set PYTHON=… to another 3.11–3.13"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(BIN)/sonoflow: $(VENV)/.ready # a link to what lies here
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  --editable .
	@touch $@

demo: $(BIN)/sonoflow ## The whole main job on this machine (DATASET=file.zip for your own data)
	$(BIN)/python -m local demo --out $(OUT) $(if $(DATASET),--dataset "$(DATASET)")

test: $(BIN)/sonoflow .venv-sam/.ready .venv-audit/.ready ## All tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

check: $(BIN)/sonoflow ## Format, lint, types, template lint, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=core:model_code $(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/cfn-lint template.yaml
	$(BIN)/python -m pytest -q -n auto --maxprocesses 4 -m "not slow" tests/unit tests/contracts

format: $(VENV)/.ready ## Put the code into the one format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(VENV)/.ready .venv-sdk/.ready ## Benchmarks beside the alternatives, as ratios
	$(BIN)/python -m benchmarks.staging
	$(BIN)/python -m benchmarks.grouping
	$(BIN)/python -m benchmarks.recordio --sdk-python .venv-sdk/bin/python
	$(BIN)/python -m benchmarks.linear_learner
	$(BIN)/python -m benchmarks.training

ray: $(VENV)/.ready .venv-ray/.ready ## The model server under Ray Serve itself, as on SageMaker
	$(BIN)/python -m pytest -q tests/ray

clients: $(VENV)/.ready .venv-sdk/.ready .venv-aws/.ready ## The SageMaker SDK and the AWS CLI against the laptop runtime
	$(BIN)/python -m pytest -q tests/integration/test_clients.py
	.venv-sdk/bin/python -m pytest -q --noconftest tests/unit/core/tables/test_recordio_conformance.py

build: .venv-sam/.ready ## sam build, from the repository root
	rm -rf .aws-sam core/build model_code/build # what is left there would be shipped again
	$(SAM) build

# The guide's answers are kept, and used from then on, in a file that git ignores.
ANSWERS := samconfig.local.toml
CONFIG = $(if $(GUIDED)$(wildcard $(ANSWERS)),$(ANSWERS),samconfig.toml)
# What is deployed, redriven and removed is one stack in one region: that of the file, unless given.
STACK ?= $(shell $(BIN)/python -m operations.configured $(CONFIG) stack_name)
REGION ?= $(shell $(BIN)/python -m operations.configured $(CONFIG) region)
# boto3's own setting stays where neither is said.
LOOK = $(if $(REGION),AWS_DEFAULT_REGION="$(REGION)" )$(BIN)/python -m
given = $(if $(filter-out file,$(origin $(1))),$(2) "$($(1))")

deploy: known build ## sam build and sam deploy (STACK=name; PARAMETERS="Name=value …"; GUIDED=1 to be asked)
	$(if $(GUIDED),cp -n samconfig.toml $(ANSWERS) || true)
	$(SAM) deploy --config-file $(CONFIG) $(if $(GUIDED),--guided) \
	  $(call given,STACK,--stack-name) $(call given,REGION,--region) \
	  $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))

known: .venv-sam/.ready # what the SAM CLI and the template let through, and the stack could not live with
	.venv-sam/bin/python local/laptop/overrides.py $(call given,STACK,--stack) \
	  template.yaml $(CONFIG) $(PARAMETERS)

smoke: $(VENV)/.ready build ## Deploy, train, ask, compare, remove: for less than a dollar (KEEP=1 keeps it)
	$(BIN)/python -m operations.smoke --sam $(SAM) --template .aws-sam/build/template.yaml \
	  $(if $(KEEP),--keep)

redrive: $(VENV)/.ready ## Send back what was given up, and say why it was (STACK=name)
	$(LOOK) operations.redrive --stack "$(STACK)"

sweep: $(VENV)/.ready ## Deliver again what was uploaded and never answered (STACK=name)
	$(LOOK) operations.sweep --stack "$(STACK)"

destroy: $(VENV)/.ready ## Remove the stack and all that costs (STACK=name; DATA=delete or keep; YES=1)
	$(LOOK) operations.destroy --stack "$(STACK)" \
	  $(if $(DATA),--data "$(DATA)") $(if $(YES),--yes)

# These pin what they share with us, so each has an environment of its own: the SAM CLI, checkov, the
# SageMaker SDK, the AWS CLI and Ray.
ENVIRONMENTS := $(foreach name,sam audit sdk aws ray,.venv-$(name)/.ready)
$(ENVIRONMENTS): .venv-%/.ready: requirements-%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

clean: ## Stop the runtime, and remove what the targets above made
	@if [ -x $(BIN)/python ]; then $(BIN)/python -m local down || echo "going on all the same"; fi
	rm -rf out .sonoflow .aws-sam .pytest_cache .mypy_cache .ruff_cache
