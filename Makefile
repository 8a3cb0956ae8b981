# Sets up .venv when something that it is made from has changed, then runs what was asked.
# PYTHON chooses the interpreter (3.10 to 3.13) for a new .venv.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
SOURCES := $(shell find spatialclaw_ros config launch -type f -not -name '*.pyc' 2>/dev/null)
INTERFACES := $(wildcard msg/*.msg srv/*.srv action/*.action) $(shell find interfaces cmake -type f)

.DELETE_ON_ERROR:
.PHONY: help install sync demo test lint clean

help:
	@echo 'make demo      asks a simulated robot five questions; pictures land in demo_out/'
	@echo 'make test      runs the tests on the installed package'
	@echo 'make lint      ruff and mypy'
	@echo 'make install   sets up $(VENV); `make sync` copies only changed Python into it'

$(VENV)/.synced: $(SOURCES)
	@$(BIN)/python scripts/sync.py
	@touch $@

sync: $(VENV)/.synced
