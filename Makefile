# Sets up .venv when something that it is made from has changed, then runs what was asked.
# PYTHON chooses the interpreter (3.10 to 3.13) for a new .venv.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
BUILT_FROM := setup.py pyproject.toml package.xml CMakeLists.txt scripts/node scripts/spatialclaw \
  $(wildcard msg/*.msg srv/*.srv action/*.action cmake/*) $(shell find interfaces -type f)

.PHONY: help install sync browser demo demo-interfaces test escapes-unsandboxed test-colcon test-pip test-models test-vllm models bench bench-kernel bench-agent bench-wire bench-serve bench-ros eval soak docs pictures lint fuzz clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo         asks a simulated robot five questions; pictures land in demo_out/'
	@echo 'make demo-interfaces  one question in three ways to act, beside the truth: a page in demo_out/'
	@echo 'make test         runs the tests on the installed package'
	@echo 'make lint         ruff and mypy'
	@echo 'make bench-kernel measures against what is used today; SHORT=1 in two minutes, coarsely'
	@echo 'make bench-agent  measures what the agent itself costs beside its model; SHORT=1 in a minute'
	@echo 'make fuzz         bytes of a hostile worker against the host, SECONDS=60 for each target'
	@echo 'make escapes-unsandboxed  runs the corpus of escapes without the sandbox, in a scratch folder'
	@echo 'make install      sets up $(VENV); make sync copies only the Python sources into it'
	@echo 'make test-colcon  builds and tests with colcon, plain and with --symlink-install'
	@echo 'make test-pip     pip install into new environments, on each Python that is found'
	@echo 'make test-models  SAM 3, Depth Anything 3 and Ray Serve on the CPU, in .models (1.6 GB)'
	@echo 'make bench-wire   the wire to a server of models against JSON, msgpack and a bare socket'
	@echo 'make bench-ros    the node beside a bare subscriber, the answer beside the kernel; SHORT=1 in a minute'
	@echo 'make eval         100 simulated questions against the truth, tables in eval_out/; ALL=1 for all 500'
	@echo 'make soak         faults and queries for ten to twelve minutes, SOAK_S=3600 for an hour'
	@echo 'make docs         the pages as a site in build/site, links checked'
	@echo 'make pictures     every picture of docs/images again'
	@echo 'make test-vllm    the client against a real vLLM on the CPU (3 GB, CPython 3.11), by hand'
	@echo 'make clean        removes what was built'

# The environment: the locked versions, without resolving again.
$(VENV)/.locked: constraints.txt
	@scripts/check_tools $(PYTHON)
	@test -x $(BIN)/python || { echo 'Making $(VENV)'; $(PYTHON) -m venv $(VENV); }
	@echo 'Installing the locked versions of constraints.txt into $(VENV)'
	@flock $(VENV)/.installing scripts/install_locked $(BIN)/python
	@touch $@

# The package: interfaces built by CMake, everything installed.
$(VENV)/.built: $(VENV)/.locked $(BUILT_FROM)
	@echo 'Building and installing spatialclaw_ros'
	@flock $(VENV)/.installing $(PIP) install --no-build-isolation --no-deps --force-reinstall .
	@touch $@

install: $(VENV)/.built
	@$(BIN)/python scripts/sync.py

sync:
	@$(BIN)/python scripts/sync.py

demo: install
	@$(BIN)/spatialclaw demo

demo-interfaces: install
	@$(BIN)/spatialclaw demo --interfaces

# A headless Chromium for the tests of a trace's page, where the system has none.
browser: $(VENV)/.locked
	@scripts/get_browser $(VENV)

# Whole files go to the workers, for the tests of a file may share what is dear to make. Tests wait
# for other processes half of their time: three workers keep two cores busy.
JOBS ?= 3

test: install browser
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

# The corpus of escapes where there is no sandbox: most of it must succeed, or it proves nothing, and
# what does not must be marked so. SAMPLE=60 draws some, SEED=1 others.
escapes-unsandboxed: install
	@$(BIN)/python test/support/escape_table.py --sandbox off \
	  $(if $(SAMPLE),--sample $(SAMPLE) --seed $(or $(SEED),0))

# What is measured against has an environment of its own.
.bench/.locked: test/bench/requirements.txt | $(VENV)/.locked
	@test -x .bench/bin/python || $(BIN)/python -m venv .bench
	@echo 'Installing the locked versions of test/bench/requirements.txt into .bench'
	@flock .bench/.installing scripts/install_locked .bench/bin/python test/bench/requirements.txt
	@touch $@

bench: bench-kernel bench-agent bench-wire bench-ros

bench-kernel: install .bench/.locked
	@PYTHONPATH=test/support $(BIN)/python test/bench $(if $(SHORT),--short) $(if $(INTO),--into $(INTO))

bench-agent: install .bench/.locked
	@$(BIN)/python test/bench/agent_bench.py $(if $(SHORT),--short) $(if $(INTO),--into $(INTO))

bench-wire: install .bench/.locked
	@PYTHONPATH=test/support $(BIN)/python test/bench/wire_bench.py $(if $(SHORT),--short) $(if $(INTO),--into $(INTO))

bench-ros: install
	@PYTHONPATH=test/support $(BIN)/python test/bench/ros_bench.py $(if $(SHORT),--short) $(if $(INTO),--into $(INTO))

# How right the answers are, against what is required. Goes on with what was not asked yet; FRESH=1
# asks all again, ALL=1 asks the 500 instead of 100 that have all families and settings evenly.
EVAL_OUT := eval_out/$(if $(ALL),claw-sim,claw-sim-100)

eval: install
	@$(if $(FRESH),rm -rf $(EVAL_OUT))
	@$(BIN)/spatialclaw eval run claw-sim $(if $(ALL),,--set data.split=slice) --out $(EVAL_OUT)
	@$(BIN)/spatialclaw eval report $(EVAL_OUT) --require claw-sim

# Three cameras, queries back to back and a fault every few seconds.
SOAK_S ?= 600

soak: install
	@PYTHONPATH=test/support $(BIN)/python test/soak --seconds $(SOAK_S) $(if $(SHORT),--short) $(if $(SEED),--seed $(SEED)) $(if $(INTO),--into $(INTO))

docs: install
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

pictures: install browser
	@$(BIN)/python scripts/make_pictures.py

# By hand, for its figures hang on the machine: eight robots on a server in one process and on Ray.
bench-serve: models
	@PYTHONPATH=test/support AMENT_PREFIX_PATH=$(abspath $(VENV)) .models/bin/python test/bench/serve_load.py

test-colcon: install browser
	@scripts/test_colcon $(BIN)

test-pip:
	@scripts/test_pip

# SAM 3, Depth Anything 3 and Ray in an environment on top of $(VENV), which stays free of torch.
.models/.locked: test/models/requirements.txt scripts/torchvision_without_cuda.py | $(VENV)/.locked
	@test -x .models/bin/python || $(BIN)/python -m venv .models
	@echo 'Installing the locked versions of test/models/requirements.txt into .models'
	@flock .models/.installing scripts/install_locked .models/bin/python test/models/requirements.txt
	@.models/bin/python scripts/torchvision_without_cuda.py
	@.models/bin/python scripts/layer_environment.py $(BIN)/python
	@touch $@

models: install .models/.locked

# The real model classes with tiny random weights, and Ray Serve with two replicas beside them. A
# thread for each worker: tiny models gain nothing of more.
test-models: models
	@PYTHONSAFEPATH=1 OMP_NUM_THREADS=1 AMENT_PREFIX_PATH=$(abspath $(VENV)) .models/bin/python \
	  -m pytest -n 2 --dist loadfile --no-loadscope-reorder test/models

# The real vLLM with a tiny model of random weights, in an environment of its own. ONLY=cancel runs
# the checks whose names have that word.
.vllm/.locked: test/vllm_server/requirements.txt test/vllm_server/finish_environment.py \
    scripts/torchvision_without_cuda.py | $(VENV)/.locked
	@test -x .vllm/bin/python || $(BIN)/python -m venv .vllm
	@echo 'Installing the locked versions of test/vllm_server/requirements.txt into .vllm'
	@flock .vllm/.installing scripts/install_locked .vllm/bin/python test/vllm_server/requirements.txt
	@.vllm/bin/python scripts/torchvision_without_cuda.py
	@.vllm/bin/python test/vllm_server/finish_environment.py
	@touch $@

.vllm/.model: test/vllm_server/tiny_model.py .vllm/.locked
	@.vllm/bin/python test/vllm_server/tiny_model.py .vllm/model
	@touch $@

test-vllm: install .vllm/.model
	@$(BIN)/pytest -o 'python_files=check_*.py' test/vllm_server \
	  $(if $(ONLY),-k $(ONLY))

SECONDS ?= 60

# Corpus and findings stay in build/fuzz; `--again FILE` runs one input of them.
fuzz: install
	@for target in wire stream; do \
	  PYTHONPATH=test/support $(BIN)/python test/fuzz/fuzz_$$target.py build/fuzz/$$target \
	    --seconds $(SECONDS) || exit 1; done

lint: $(VENV)/.locked
	@$(BIN)/ruff check .
	@$(BIN)/mypy

clean:
	rm -rf build install log dist *.egg-info demo_out eval_out .bench .models .vllm .pytest_cache .mypy_cache .ruff_cache
