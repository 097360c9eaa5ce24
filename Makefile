# Everything this project does, by name. `make` alone says what there is.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := PYTHONPATH="$(CURDIR)" PATH="$(CURDIR)/$(BIN):$$PATH"

.DEFAULT_GOAL := help
.PHONY: help book serve lab test bench pdf contact-sheet linkcheck format clean

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/.book: requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(None if v >= (3, 11) else f"Python 3.11 or newer is needed; {sys.executable} is Python {v[0]}.{v[1]}. Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (a few minutes the first time) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: $(VENV)/.book requirements-test.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.txt
	@touch $@

book: $(VENV)/.book ## build the book into _build/html
	@$(RUN) python -m utils.site.build

serve: book ## build the book and serve it on this machine
	@$(RUN) python -m utils.site.serve

lab: $(VENV)/.book ## open JupyterLab on your desk, work/
	@$(RUN) python -m exercises desk
	@cd work && $(RUN) jupyter lab

test: $(VENV)/.test book ## run all tests
	@$(RUN) python -m tests.find_browser
	@$(RUN) python -m pytest -n auto --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.test book ## measure pages, explorers, losses, marking and builds
	@$(RUN) python -m benchmarks

pdf: book ## print the whole book into one PDF
	@$(RUN) python -m utils.site.pdf

contact-sheet: $(VENV)/.test book ## screenshots of all pages on one sheet
	@$(RUN) python -m benchmarks.contact_sheet

linkcheck: $(VENV)/.book ## check the links that lead out of the book (needs the network)
	@$(RUN) python -m utils.site.linkcheck

format: $(VENV)/.test ## put the Python code into the house style
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

clean: ## remove what was built (your desk work/ stays)
	rm -rf _build .pytest_cache .hypothesis .ruff_cache
