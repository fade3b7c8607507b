# What a new user runs: `make demo`, `make test`, `make dev`. Everything lives in .venv and data-demo.
PYTHON ?= python3
# compiled modules are kept, whatever the machine says: each command that a test starts imports hundreds
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
DEMO := data-demo
SUPERSET := .venv-superset
SPARK := .venv-spark
RELEASE := .venv-release
SITE := .venv-site
# more workers than two cores, because each often waits for a command, a server or a lock; one that dies ends the tests,
# since xdist may wait for ever for what it had to do
WORKERS := -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart 0
MORE_WORKERS := -n 4 --dist loadfile --no-loadscope-reorder --max-worker-restart 0

.PHONY: help setup demo spark test test-full test-long coverage mutants lint lint-sql dev site release absences bench bench-spark chaos lock clean test-superset
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 21

setup: $(VENV)/.ready ## install the environment (hash-checked), and write in dbt_project/ what follows from the catalogue
	@$(BIN)/python -c 'from pipelines.catalogue.dbt.compose import complete; complete()'

demo: setup ## collect, build and publish the demonstration: three exercices
	@$(BIN)/millesime demo $(DEMO)

spark: $(SPARK)/.ready ## install what MILLESIME_ENGINE=spark needs besides Java 17 or 21: dbt-spark and pyspark, in .venv-spark (450 MB)

test: setup $(VENV)/.ready-dev ## run the tests that any change needs, in minutes
	@$(BIN)/pytest $(WORKERS)

test-full: setup $(VENV)/.ready-dev $(RELEASE)/.ready ## run the long tests, which `make test` leaves out
	@$(BIN)/pytest $(MORE_WORKERS) -m 'campaign and not long'

test-long: setup $(VENV)/.ready-dev $(SPARK)/.ready ## run the longest tests: many cases of which the other two suites take a few, and Spark
	@$(BIN)/pytest $(WORKERS) -m long

test-superset: demo $(SUPERSET)/.ready ## import the demonstration's dashboards into a real Superset 6.1 and query every chart (Python 3.11)
	@$(BIN)/python -m tests.superset $(DEMO) $(SUPERSET)/bin

coverage: setup $(VENV)/.ready-dev ## measure how much of each module `make test` runs
	@$(BIN)/pytest $(WORKERS) --cov --cov-report=term

mutants: setup $(VENV)/.ready-dev ## put small errors in critical modules: do the tests catch them? (a quarter of an hour; `mutmut results`)
	@$(BIN)/mutmut run

absences: setup $(VENV)/.ready-dev ## remove or falsify each part of what three homes received: does every figure that changes show it, wherever it is printed?
	@$(BIN)/python -m tests.absences

lint: $(VENV)/.ready-dev lint-sql ## run ruff, mypy (on catalogue, ledger and runs), yamllint and sqlfluff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/yamllint --strict .

lint-sql: setup $(VENV)/.ready-dev ## run sqlfluff on dbt_project/: our models and tests, and a composed model of each kind
	@mkdir -p -m 700 $(DEMO)/warehouse $(DEMO)/warehouse/analyst
	@files=$$($(BIN)/python -m tests.linted) && MILLESIME_HOME=$(CURDIR)/$(DEMO) $(BIN)/sqlfluff lint --processes 2 $$files

site: $(SITE)/.ready ## write the documentation as a site that opens without a network, in dist/site
	@NO_MKDOCS_2_WARNING=1 $(SITE)/bin/mkdocs build --quiet

release: $(VENV)/.ready-dev $(RELEASE)/.ready ## from a tag, write the wheel, SBOM, licences and notes to dist/, and a home of this version to commit
	@$(BIN)/python deploy/release.py $(RELEASE)/bin/cyclonedx-py
	@$(BIN)/python deploy/kept_home.py

dev: setup ## serve the Dagster UI on http://127.0.0.1:3000, for the demonstration's home
	@test -f $(DEMO)/organisation.yml || $(BIN)/millesime demo --no-run $(DEMO)
	@exec $(BIN)/millesime --home $(DEMO) serve

bench: setup $(VENV)/.ready-dev ## measure ingest by format, a run that changes little, ten and forty times the lines (some ten minutes)
	@$(BIN)/python -m tests.bench

bench-spark: setup $(VENV)/.ready-dev $(SPARK)/.ready ## measure DuckDB and Spark at 1, 10 and 30 times the lines (half an hour)
	@$(BIN)/python -m tests.bench.spark

chaos: setup $(VENV)/.ready-dev ## kill commands at random moments: MINUTES=30 SEED=1 PHASES=first,correction,refusal,whole,export,release,transmit,serve,purge,backup,restore
	@$(BIN)/python -m tests.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(PHASES),--phases $(PHASES))

lock: ## resolve the versions again (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --only-binary :all: --no-header \
		pyproject.toml --group build -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --only-binary :all: --no-header \
		pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --only-binary :all: --no-header \
		--group release -o requirements-release.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --group site -o requirements-site.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-header \
		--group spark -c requirements.lock -o requirements-spark.lock
	uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-strip-extras --no-header \
		tests/superset/requirements.in -o tests/superset/requirements.lock

clean: ## remove the environments and the demonstration
	rm -rf $(VENV) $(SUPERSET) $(SPARK) $(RELEASE) $(SITE) $(DEMO)

# A Debian Python may lack ensurepip, and refuses `pip install` for itself. So the environment is made without pip, and filled by the
# system's pip. If there is no pip at all, print the command that installs it.
$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Python 3.11 to 3.13 is needed, for example: make PYTHON=python3.12 setup"; exit 1; }
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(call pip_install,--require-hashes -r requirements.lock,$(BIN))
	@$(call pip_install,--no-deps --no-build-isolation -e .,$(BIN))
	@$(BIN)/python -m compileall -q pipelines demo
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@$(call pip_install,--require-hashes -r requirements-dev.lock,$(BIN))
	@touch $@

define pip_install
if $(PYTHON) -m pip --version >/dev/null 2>&1; then \
	$(PYTHON) -m pip --python $(2)/python install --quiet --disable-pip-version-check --only-binary :all: $(1); \
elif $(PYTHON) -m ensurepip --version >/dev/null 2>&1; then \
	$(2)/python -m ensurepip >/dev/null && $(2)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: $(1); \
else \
	echo "This Python has no pip: run 'sudo apt-get install python3-pip', then make again."; exit 1; \
fi
endef

# Superset is only tested with Python 3.11, and requires other versions than this project.
$(SUPERSET)/.ready: tests/superset/requirements.lock
	@python3.11 -m venv $(SUPERSET)
	@$(SUPERSET)/bin/pip install -q --require-hashes -r tests/superset/requirements.lock
	@touch $@

# pyspark is the only package without a wheel.
$(SPARK)/.ready: requirements-spark.lock
	@$(PYTHON) -m venv --without-pip $(SPARK)
	@$(call pip_install,--no-binary pyspark --require-hashes -r requirements-spark.lock,$(SPARK)/bin)
	@touch $@

$(SITE)/.ready: requirements-site.lock
	@$(PYTHON) -m venv --without-pip $(SITE)
	@$(call pip_install,--require-hashes -r requirements-site.lock,$(SITE)/bin)
	@touch $@

$(RELEASE)/.ready: requirements-release.lock
	@$(PYTHON) -m venv --without-pip $(RELEASE)
	@$(call pip_install,--require-hashes -r requirements-release.lock,$(RELEASE)/bin)
	@touch $@
