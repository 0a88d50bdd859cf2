# Thin on purpose: each target is one call. Needs Python 3.11 or newer, git and make; everything else is fetched.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python
# uv does not read pip's configuration, which is where a company's mirror often stands.
PIP_INDEX = $(RUN) -m pip config list | sed -n "s/.*\.index-url='\(.*\)'/\1/p" | head -n 1
# Many tests run programs against the clock, which a busy machine can slow down: the few that failed run again, alone.
ONCE_MORE = { echo "What failed runs once more, alone; what passes then is too impatient, and is to be mended:"; \
  $(RUN) -m pytest --last-failed --last-failed-no-failures none --maxfail 2 -v $(ARGS); }

# Images set it; then each of the hundreds of processes that tests start compiles what it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help up job preview report down stop shell status quick test mutants real check bench fuzz schema docs docs-links lock release clean

help: # What there is; what `make` alone prints
	@sed -n 's/^\([a-z][a-z -]*\):[^#]*# \(.*\)/make \1|\2/p' Makefile | column -t -s '|'

$(READY): requirements.txt requirements-dev.txt
	@echo "making $(VENV) and installing requirements-dev.txt into it (once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; run: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)
	@sed -n '/^uv==/,/[^\\]$$/p' requirements-dev.txt > $(VENV)/uv.txt
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r $(VENV)/uv.txt
	@export UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$$($(PIP_INDEX))}"; \
	$(VENV)/bin/uv pip install --python $(RUN) --require-hashes -r requirements-dev.txt || { \
	  echo "pip tries it, which takes about 2 min: its configuration may say how, and uv does not read it"; \
	  $(RUN) -m pip install --disable-pip-version-check -r requirements-dev.txt; }
	@touch $@

up: # Deploy Pulumi.local.yaml into a local cloud, which is started if none runs
job: # Run a job on the local cloud, and show its way: queued, machine, log, result
preview: # What a change of Pulumi.local.yaml would do, line by line
report: # A page of the stack and of what `make up` would change
down: # Remove everything again, and the local cloud with it
stop: # Stop the local cloud as it is, if `make down` can't
shell: # A shell on the manager
status: # Where the local cloud is, and what runs in it
up job preview report down stop shell status: $(READY)
	@$(RUN) -m localcloud $@

quick: $(READY) # The tests of logic alone, in about a minute; ARGS='-k cache' for some
	@$(RUN) -m pytest -n 4 --dist loadfile -m "not slow" tests/render tests/unit tests/review tests/properties $(ARGS)

test: $(READY) # Every test; ARGS='tests/render -k cache' for some
	@$(RUN) -m localcloud.engine
	@$(RUN) -m pytest -n 6 --dist loadfile --no-loadscope-reorder $(ARGS) || $(ONCE_MORE)

mutants: $(READY) # Put small faults into a sample of components/, and say which no quick test sees; ARGS='components.network.*'
	@$(RUN) -m mutmut run $(or $(ARGS),'*__mutmut_3' '*__mutmut_?3')
	@$(RUN) -m mutmut results

real: $(READY) # Fetch real programs, and test with them instead of stand-ins; needs the internet
	@$(RUN) -m tests.real $(ARGS)

check: $(READY) # Format, lint, types, and which way imports point
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports --no-logo

fuzz: $(READY) # Hostile settings, drawn by chance
	@$(RUN) -m tests.properties.hostile $(ARGS)

schema: $(READY) # Write config_render/stack.schema.json and what else is made of the models anew
	@$(RUN) -m config_render schema > $(VENV)/stack.schema.json && mv $(VENV)/stack.schema.json config_render/
	@$(RUN) -m plugin.schema > $(VENV)/plugin.schema.json && mv $(VENV)/plugin.schema.json plugin/schema.json
	@$(RUN) -m plugin.typed_dicts > $(VENV)/dicts.pyi && $(RUN) -m ruff format -q $(VENV)/dicts.pyi && mv $(VENV)/dicts.pyi components/
	@$(RUN) -m config_render.render.harmless > $(VENV)/harmless.py && mv $(VENV)/harmless.py components/manager_tool/config/
	@sed -i '/^config:/,$$d' Pulumi.yaml && $(RUN) -m config_render project >> Pulumi.yaml

bench: $(READY) # How long people wait
	@$(RUN) -m tests.bench

docs: $(READY) # The site, to docs/_build/index.html
	@$(RUN) -m sphinx -q --fail-on-warning --keep-going docs docs/_build
	@echo docs/_build/index.html

docs-links: $(READY) # Ask every address that the pages link to; needs the internet
	@$(RUN) -m sphinx -q -b linkcheck docs docs/_build/links

lock: $(READY) # Write requirements*.txt anew, with hashes, after a change of requirements*.in; needs the internet
	@for name in requirements requirements-dev requirements-release; do \
	  $(RUN) -m uv pip compile --quiet --universal --python-version=3.11 --generate-hashes \
	    --output-file=$$name.txt $$name.in || exit 1; \
	done

release: $(READY) # Build wheel, sdist and SBOM into dist/, of the version that CHANGELOG.md has first
	@$(RUN) hatch_build.py
	@rm -rf dist && $(RUN) -m build --no-isolation . > /dev/null
	@$(RUN) -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --mc-type library --output-reproducible \
	  -o dist/sbom.cdx.json requirements.txt
	@ls dist/*

clean: # Remove the virtual environment and caches
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache docs/_build docs/reference mutants
