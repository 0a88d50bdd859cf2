# Thin on purpose: each target is one call. Needs Python 3.11 or newer, git and make; everything else is fetched.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python

.PHONY: up preview down stop shell status test check bench fuzz schema clean

$(READY): requirements.txt requirements-dev.txt
	@echo "making $(VENV) and installing requirements-dev.txt into it (about 2 min, once) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; run: make PYTHON=python3.11 ...")'
	@$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

up preview down stop shell status: $(READY)
	@$(RUN) -m localcloud $@

test: $(READY)
	@$(RUN) -m localcloud.engine
	@$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

check: $(READY)
	@$(RUN) -m ruff format --check .
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy

fuzz: $(READY)
	@$(RUN) -m tests.properties.hostile $(ARGS)

schema: $(READY)
	@$(RUN) -m config_render schema > $(VENV)/stack.schema.json && mv $(VENV)/stack.schema.json config_render/
	@sed -i '/^config:/,$$d' Pulumi.yaml && $(RUN) -m config_render project >> Pulumi.yaml

bench: $(READY)
	@$(RUN) -m tests.bench

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
