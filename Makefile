# whisper-spool. `make help` lists what there is. GNU make 3.81 and newer.

# The Python that makes .venv (3.11 or newer), and another package index for torch, if wanted.
PYTHON ?= python3
TORCH_INDEX ?=
# More arguments for `make run`, `make demo` and `make test`: make test ARGS="-k inbox -x"
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
READY := $(VENV)/ready
TORCH := $(shell sed -n 's/^torch==//p' requirements.txt)

.PHONY: help demo test run check format clean
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile

demo: $(READY) ## drop bundled recordings into a temporary spool and print their transcripts
	@$(PY) -m runner demo $(ARGS)

test: $(READY) ## all tests (more arguments: ARGS="-k inbox -x")
	@$(PY) -m pytest $(ARGS)

run: $(READY) ## the runner on ./spool, until Ctrl-C
	@exec $(PY) -m runner run $(ARGS)

check: $(READY) ## format, lint, types
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

format: $(READY) ## put the code into its format, mend what lint can mend
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .

clean: ## remove .venv and caches (never the spool)
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find runner tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A .venv whose Python is gone (an upgraded system, a moved home) is made anew.
ifneq ($(shell test -x $(PY) && echo whole),whole)
.PHONY: $(READY)
endif

$(READY): requirements.txt requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo '"$(PYTHON)" is not a Python of 3.11 or newer. Name one that is: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo '"$(PYTHON)" cannot make virtual environments: its venv or ensurepip is missing.' \
	       'Install it (Debian, Ubuntu: apt install python3-venv) or name another: make PYTHON=python3.12' >&2; exit 1; }
	@test -x $(PY) || rm -rf $(VENV)
	@echo "Setting up $(VENV) with $$($(PYTHON) --version); needed once. No other programs, accounts or models are fetched."
	@$(PYTHON) -m venv $(VENV)
	@$(announce)
	$(if $(TORCH_INDEX),$(PIP) install --no-deps --index-url '$(TORCH_INDEX)' torch==$(TORCH))
	$(PIP) install -r requirements-dev.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

# Says what pip is about to download, before it does. The sizes are those of the pinned versions.
define announce
build=$$($(PIP) index versions torch $(if $(TORCH_INDEX),--index-url '$(TORCH_INDEX)') 2>/dev/null \
  | tr -s ', ()' '\n' | grep -m1 '^$(TORCH)+'); \
case "$$build $$(uname -s)" in \
  *+cpu\ *) echo "To download: torch $$build, a CPU build, 0.2 GB." ;; \
  \ Linux) echo "To download: torch $(TORCH) as your package index has it. On Linux that is commonly the CUDA build:" \
    "2.7 GB with its libraries. Without an NVIDIA card, stop now (Ctrl-C) and name an index of CPU builds," \
    "whose address pytorch.org shows under 'Get Started': make TORCH_INDEX=URL" ;; \
  \ *) echo "To download: torch $(TORCH), 0.1 GB." ;; \
  *) echo "To download: torch $$build, with its libraries some GB." ;; \
esac; \
case "$$(uname -sm)" in \
  Linux\ x86_64) echo "Also triton, because openai-whisper asks for it on this machine: 0.2 GB, 1 GB on disk." ;; \
esac; \
echo "And the other packages of requirements-dev.txt, 0.2 GB. On disk: $(VENV)/."
endef
