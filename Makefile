# Everything goes into .venv of the checkout; nothing else on the machine is touched.
# HEADLESS=1 prints progress lines instead of opening the dashboard.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := $(shell command -v uv || echo .uv/bin/uv)
IN := .venv/bin

.PHONY: help setup demo test test-callbacks test-systems lint format bench torture load soak fuzz lock pictures clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: .venv/ready ## install everything into .venv

.uv/bin/uv:
	@echo 'getting uv into .uv'
	@$(PYTHON) -m venv .uv 2>/dev/null || { rm -rf .uv; $(PYTHON) -m pip install --quiet --target .uv 'uv>=0.8,<1'; }
	@test -x .uv/bin/uv || .uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.8,<1'

.venv/ready: requirements.lock pyproject.toml | $(if $(filter .uv/bin/uv,$(UV)),.uv/bin/uv)
	@echo 'installing into .venv'
	@test -x $(IN)/python || $(UV) venv --quiet --python '$(PYTHON)' .venv
	@$(UV) pip sync --quiet --python $(IN)/python --require-hashes requirements.lock
	@$(UV) pip install --quiet --python $(IN)/python --no-deps --editable .
	@touch $@

demo: .venv/ready ## three models train in parallel on real speech
	@$(IN)/trainui demo $(if $(HEADLESS),--headless)

test: .venv/ready ## lint, types, import contracts, then every test
	@$(MAKE) --no-print-directory lint
	$(IN)/pytest -n 3 --dist worksteal

test-callbacks: .venv/ready ## install the libraries callbacks and other trackers are for (430 MB), test against them
	@$(UV) pip install --quiet --python $(IN)/python --group callbacks || echo 'not installed: skipped'
	@$(UV) pip install --quiet --python $(IN)/python --group trackers || echo 'not installed: skipped'
	$(IN)/pytest -n 2 tests/callbacks tests/trackers

test-systems: .venv/ready ## train each system's small preset on real data under trainui: half an hour on two cores
	TRAINUI_SYSTEMS=1 $(IN)/pytest -p no:xdist tests/systems

lint: .venv/ready ## ruff, mypy --strict, import contracts
	$(IN)/ruff check .
	$(IN)/ruff format --check .
	$(IN)/mypy
	$(IN)/lint-imports --no-cache

format: .venv/ready ## let ruff lay the code out
	$(IN)/ruff format .
	$(IN)/ruff check --fix .

.venv-bench/ready: pyproject.toml | .venv/ready
	@echo 'installing other trackers into .venv-bench, to measure beside'
	@test -x .venv-bench/bin/python || $(UV) venv --quiet --python '$(PYTHON)' .venv-bench
	@$(UV) pip install --quiet --python .venv-bench/bin/python --group bench && touch $@ || echo 'not installed: measuring without them'

bench: .venv/ready .venv-bench/ready ## print what things cost on this machine, beside others
	$(IN)/python -m tests.bench $(ONLY)

torture: .venv/ready ## kill everything that can be killed, for minutes; a table
	@$(IN)/python -m tests.torture

load: .venv/ready ## fifty runs at once, then sixteen that write without pause: three minutes
	$(IN)/python -m tests.load queue
	$(IN)/python -m tests.load flood

soak: .venv/ready ## eight runs write for an hour (MINUTES=60) with the dashboard open; a table
	$(IN)/python -m tests.soak --minutes $(or $(MINUTES),60)

fuzz: .venv/ready ## bytes that look for a hole in every reader: FUZZ_SECONDS (60) each; ONLY=csv,jsonl
	@$(UV) pip install --quiet --python $(IN)/python --group fuzz
	@$(IN)/python -m tests.fuzz $(if $(ONLY),--only $(ONLY))

pictures: .venv/ready ## make the pictures of the README from the app
	$(IN)/python -m tests.pictures

lock: ## resolve the dependencies again
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --all-extras --group dev pyproject.toml -o requirements.lock

clean: ## remove what make made, but no run and no data
	rm -rf .venv .venv-bench .uv .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz
