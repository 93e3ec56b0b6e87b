# `make study` runs the study, `make test` checks everything; both set up .venv first.
# Another interpreter: `make test PYTHON=python3.13`

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Modules are compiled once for all the processes that a run starts, also where that was switched off.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help study test renew proofs slow mutants issues relations lab notebooks pair docs site bench dev clean
.NOTPARALLEL:

help:
	@echo "make study   the quick study, two minutes or three (FULL=1: all of it; ARGS='...' is passed on)"
	@echo "make test    lint, types and the quick tests"
	@echo "make proofs  ask ProVerif anew what ships of its answers, where the model has changed (needs it installed)"
	@echo "make renew   write the files that are made from the code anew (schemas, golden files, notebooks)"
	@echo "make slow    the tests marked slow, part by part (ARGS='properties/test_reasons' for one; tests/slow.csv)"
	@echo "make mutants  what share of planted mutants the quick tests kill, by package (ARGS='check model'; tests/planting.py)"
	@echo "make issues  what the stored clients do in public issues, beside what those report"
	@echo "make relations  relations between answers, for ten minutes (ARGS='--seed 1 --seconds 60')"
	@echo "make bench   the benchmarks"
	@echo "make lab     JupyterLab on notebooks/"
	@echo "make notebooks  run them and write build/notebooks/*.html"
	@echo "make pair    bring notebooks and their plain scripts into step"
	@echo "make docs    write docs/, the findings and the glossary as pages to build/docs"
	@echo "make site    the same with the page that answers questions and one on real clients, to build/site (ARGS='...')"
	@echo "make dev     only set up .venv for development"
	@echo "make clean   remove .venv, caches and build output"

study: $(VENV)/.study
	$(BIN)/openworld study $(if $(FULL),--full) $(ARGS)

# pytest comes last, so that its summary is the last line of the output.
test: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist worksteal -rs

# What is looked at by tests is written by them; look at the difference before it is committed.
renew: $(VENV)/.dev pair
	$(BIN)/python -m pytest -n 2 --renew

proofs: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow --renew tests/properties/test_shipped_proofs.py

slow: $(VENV)/.dev
	$(BIN)/python tests/slow.py $(ARGS)

mutants: $(VENV)/.dev
	$(BIN)/python tests/planting.py $(if $(ARGS),$(ARGS),table)

issues: $(VENV)/.dev
	$(BIN)/python -m benchmarks.issues

relations: $(VENV)/.dev
	$(BIN)/python -m benchmarks.relations $(ARGS)

lab: $(VENV)/.notebooks
	$(BIN)/jupyter lab notebooks

# A cell with controls is shown as the answer they start with, since a page has no kernel to ask. Nothing in a page
# comes from the network.
notebooks: $(VENV)/.notebooks
	$(BIN)/jupyter nbconvert --execute --to html --output-dir build/notebooks --log-level WARN \
	  --ExecutePreprocessor.store_widget_state=False \
	  --NbConvertBase.display_data_priority='["text/html", "image/svg+xml", "image/png", "text/markdown", "text/plain"]' \
	  --HTMLExporter.mathjax_url= --HTMLExporter.require_js_url= --HTMLExporter.jquery_url= notebooks/*.ipynb

pair: $(VENV)/.notebooks
	$(BIN)/jupytext --sync notebooks/*.py

# A link that leads nowhere is an error. Nothing in a page comes from the network.
PAGES := $(BIN)/python -m sphinx -q -W --keep-going -c docs -d build/doctrees

docs: $(VENV)/.docs
	$(PAGES) . build/docs

site: $(VENV)/.docs
	$(PAGES) -t asked . build/site
	$(BIN)/openworld site -o build/site --docs README.html $(ARGS)
	$(BIN)/openworld clients --site build/site/clients $(if $(wildcard build/matrix),--measured build/matrix)

bench: $(VENV)/.study
	$(BIN)/python -m benchmarks

dev: $(VENV)/.dev

clean:
	rm -rf $(VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- The environment ---------------------------------------------------------------------
# Each stamp file in .venv says that one step was finished: .base (an empty environment),
# .study, .dev, .docs, .notebooks (the extra that is installed in it). A stamp older than pyproject.toml or
# constraints.txt is redone, which changes only what differs.

# uv installs what is pinned; pip does where there is no uv for this machine, in ten times the time. The package itself is
# built with the pinned setuptools, not with the newest one. With HASHES=yes everything comes first, each file held
# against its hash, and after that nothing is fetched.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
install = $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) || $(PIP) $(1)
UV := $(if $(HASHES),--require-hashes --no-deps -r $(VENV)/uv.txt,-c constraints.txt uv)
FIRST := $(if $(HASHES),--require-hashes --no-deps -r constraints-hashed.txt,-c constraints.txt setuptools)
PACKAGE = -c constraints.txt $(if $(HASHES),--no-index) --no-build-isolation --editable '.[$(1)]'

# All the others bring what a study needs as well.
$(VENV)/.study $(VENV)/.dev $(VENV)/.docs $(VENV)/.notebooks: $(VENV)/.%: $(VENV)/.base pyproject.toml constraints.txt
	@touch $(VENV)/.unfinished
	$(call install,$(call PACKAGE,$*))
	@rm $(VENV)/.unfinished && touch $(VENV)/.study $@

# .base also records which interpreter made the environment, and in which folder. It is made
# anew when that differs, when its Python does not start, or when an install was cut short.
WANTED := $(shell $(PYTHON) -c 'import sys; print(sys.base_prefix, *sys.version_info[:2])' \
	2>/dev/null) $(CURDIR)
PRESENT := $(shell [ ! -e $(VENV)/.unfinished ] && $(BIN)/python -c '' 2>/dev/null \
	&& cat $(VENV)/.base 2>/dev/null)
ifneq ($(WANTED),$(PRESENT))
.PHONY: $(VENV)/.base
endif

try = $(shell $(PYTHON) -c '$(1)' >/dev/null 2>&1 && echo ok)

$(VENV)/.base:
	$(if $(call try,import sys; sys.exit(sys.version_info < (3, 11))),,\
	  $(error openworld needs Python 3.11 or newer, and "$(PYTHON)" is not: \
	  name one with make PYTHON=/path/to/python3))
	$(if $(call try,import ensurepip, venv),,\
	  $(error "$(PYTHON)" cannot make virtual environments: install its venv module \
	  (on Debian and Ubuntu: apt install python3-venv)))
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' constraints-hashed.txt >$(VENV)/uv.txt
	-$(PIP) $(UV)
	$(call install,$(FIRST))
	@printf '%s' '$(WANTED)' >$@
