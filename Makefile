# Every command a person or CI needs. `make demo` and `make test` set up what is missing.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SHARED ?= ../shared
DATA ?= $(SHARED)/data
TEXTS ?= $(DATA)/themes/unlabelled_dev.jsonl.gz
BENCH_STAMP := .venv-bench/.installed
AUDIT_STAMP := .venv-audit/.installed
KAFKA_LIBS := .kafka/libs/.copied
LOCAL ?= .local
LOCAL_PORTS = $(if $(KAFKA_PORT),--kafka-port $(KAFKA_PORT)) $(if $(POSTGRES_PORT),--postgres-port $(POSTGRES_PORT)) \
	$(if $(PREFECT_PORT),--prefect-port $(PREFECT_PORT)) $(if $(WEB_PORT),--web-port $(WEB_PORT)) \
	$(if $(METRICS_PORT),--metrics-port $(METRICS_PORT))

.DEFAULT_GOAL := help
.PHONY: help setup demo up-local down-local test examples check audit format lock contract freeze gazetteer quality bench-poll bench-text bench-tag bench-relate kill-relate kill-run chaos soak clean

help:  ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMP)  ## A virtual environment in .venv with everything, from the lock file

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Python 3.11 or later is missing: install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(STAMP)  ## The whole pipeline on the sample news web: no broker, no network
	@$(BIN)/geowire demo

up-local: $(STAMP)  ## The whole system of docker-compose.yml as processes on loopback: Kafka, PostgreSQL, Prefect, the stages
	@command -v java >/dev/null || { echo "Java is missing: install Java 17 or later"; exit 1; }
	@test -e $(KAFKA_LIBS) || command -v mvn >/dev/null || { echo "Maven is missing: install it, it gets Kafka"; exit 1; }
	@$(MAKE) --no-print-directory $(KAFKA_LIBS)
	@$(BIN)/python -m local up --folder $(LOCAL) $(LOCAL_PORTS)

down-local: $(STAMP)  ## End it and leave nothing; KEEP_DATA=1 leaves .local/data for the next time
	@$(BIN)/python -m local down --folder $(LOCAL) $(if $(filter 1,$(KEEP_DATA)),--keep-data)

test: $(STAMP)  ## All tests, two files at a time ([JOBS=2]); a real Kafka from Maven where Java and Maven are there
	@if command -v java >/dev/null && command -v mvn >/dev/null; then $(MAKE) --no-print-directory $(KAFKA_LIBS); fi
	@$(MAKE) --no-print-directory examples
	$(BIN)/python -m pytest --numprocesses $(or $(JOBS),2) --dist loadfile

NODE_LIBS := examples/node/node_modules/.package-lock.json
JAVA_JAR := examples/java/target/consume.jar

.PHONY: examples freeze
examples:  ## What the consumers in examples/ need: from npm where Node is there, from Maven where a JDK is
	@if command -v node >/dev/null && command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE_LIBS); fi
	@if command -v javac >/dev/null && command -v mvn >/dev/null; then $(MAKE) --no-print-directory $(JAVA_JAR); fi

$(NODE_LIBS): examples/node/package.json examples/node/package-lock.json
	cd examples/node && npm ci --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(JAVA_JAR): examples/java/pom.xml examples/java/src/main/java/Consume.java
	mvn --quiet --batch-mode -f examples/java/pom.xml package
	@touch $@

$(KAFKA_LIBS): tests/servers/pom.xml
	mvn --quiet --batch-mode -f tests/servers/pom.xml dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/.kafka/libs
	@touch $@

check: $(STAMP)  ## Format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

audit: $(STAMP) $(AUDIT_STAMP)  ## Known vulnerabilities of the locked dependencies; says so if nobody could be asked
	@$(BIN)/python -m audit requirements-dev.lock --with .venv-audit/bin/pip-audit

$(AUDIT_STAMP): pyproject.toml
	test -x .venv-audit/bin/python || $(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1,<27"
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check --group audit
	@touch $@

format: $(STAMP)  ## Put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

LOCK := --universal --python-version 3.11 --generate-hashes --no-header --quiet

lock:  ## Resolve the dependencies anew (needs uv): of the image, and with the tools of development besides
	uv pip compile pyproject.toml --group build --group dev $(LOCK) -o requirements-dev.lock
	uv pip compile pyproject.toml --group build $(LOCK) --constraint requirements-dev.lock -o requirements.lock

contract: $(STAMP)  ## Write the JSON Schemas, the AsyncAPI document, docs/messages.md and docs/settings.md from the code
	$(BIN)/python -m geowire.contract

freeze: $(STAMP)  ## Freeze the schemas as released; refused if a change of them is not additive
	$(BIN)/python -m geowire.contract --release

gazetteer: $(STAMP)  ## Compile the gazetteer from its YAML
	$(BIN)/python -m processors.tag.build

bench-poll: $(STAMP)  ## What polling 10,000 feeds costs beside bare aiohttp
	$(BIN)/python benchmarks/bench_poll.py

bench-text: $(STAMP) $(KAFKA_LIBS)  ## Clean text: speed beside a bare pool, quality beside trafilatura (SHARED=folder of the data)
	$(BIN)/python benchmarks/bench_text.py $(SHARED) --kafka
	$(BIN)/python benchmarks/text_quality.py $(SHARED)/data

quality: $(STAMP)  ## How good the tags are on labelled sets (DATA=folder of the data): a table, and docs/quality.md
	$(BIN)/python -m benchmarks.quality $(DATA)

bench-tag: $(BENCH_STAMP)  ## What tagging costs beside flashgeotext and spaCy (TEXTS=gzipped JSON lines with a text)
	PYTHONPATH=. .venv-bench/bin/python benchmarks/bench_tag.py $(TEXTS)

$(BENCH_STAMP): requirements.lock pyproject.toml
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check "pip>=25.1,<27"
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@

bench-relate: $(STAMP)  ## Related stories: speed beside bare TF-IDF, copies, BCubed F1 (SHARED=folder of the data)
	PYTHONPATH=. $(BIN)/python benchmarks/bench_relate.py $(SHARED)/data
	PYTHONPATH=. $(BIN)/python benchmarks/quality/copies.py $(SHARED)/data
	PYTHONPATH=. $(BIN)/python benchmarks/quality/stories.py $(SHARED)/data
	PYTHONPATH=. $(BIN)/python benchmarks/quality/across.py $(SHARED)/data

kill-relate: $(STAMP) $(KAFKA_LIBS)  ## kill -9 of the relate stage at twenty points, on both buses
	GEOWIRE_TEST_KILLS=20 $(BIN)/python -m pytest tests/pipeline/test_relate_kill_9.py -s

kill-run: $(STAMP)  ## How long a flow run killed with -9 keeps its slot, with the server's real patience
	GEOWIRE_TEST_DEAD_AFTER=90 $(BIN)/python -m pytest tests/flows/test_dead_runs.py -s

chaos: $(STAMP) $(KAFKA_LIBS)  ## Faults at random on every process, then nothing may be missing (SHARED= [SEED=n] [FAULTS=30] [EMBEDDED=1])
	PYTHONPATH=.:tests $(BIN)/python -m benchmarks.chaos $(SHARED) --faults $(or $(FAULTS),30) $(if $(SEED),--seed $(SEED)) $(if $(EMBEDDED),--embedded)

soak: $(STAMP)  ## `geowire run` for long: memory, files and runs within bounds (SHARED= [MINUTES=30])
	PYTHONPATH=.:tests $(BIN)/python -m benchmarks.soak $(SHARED) --minutes $(or $(MINUTES),30)

clean:  ## Forget what was built; keep .venv
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .kafka build dist examples/node/node_modules examples/java/target
