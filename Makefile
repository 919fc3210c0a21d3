# Everything from a fresh clone: each target sets up what it needs, with nothing but Python 3.11 or later.
#
#   make demo     analyse a bundled capture and show it on http://127.0.0.1:8501
#   make test     format, lint, types, contracts, then the tests on both builds
#   make bench    what decoding costs, beside tshark, dpkt and C (make bench BENCH_ARGUMENTS=--full for all of it)
#   make fuzz     try to break every parser, FUZZ_SECONDS for each on each build (see docs/fuzzing.md)
#   make format   format the sources
#   make build    wheel and source distribution in dist/
#   make clean    forget all of the above
#
# The tests meet built packages, never the checkout: build/compiled and build/pure hold one build each, and PYTHONPATH
# says which one. The dependencies come from .venv. An editable installation in .venv stays as it is (but for `demo`).

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV ?= .venv
DEMO_ARGUMENTS ?=
BENCH_ARGUMENTS ?= --rounds 3 --tshark-rounds 1
TESTS ?= tests
PYTEST_ARGUMENTS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SOURCES := $(shell find wsobserve dashboards captures/demo.pcapng -type f -not -name '*.pyc' 2>/dev/null) \
	build_hook.py pyproject.toml README.md LICENSE

# From within the build, so that neither PYTHONPATH nor the working directory leads a subprocess to the checkout.
TEST = cd build/$(1) && PYTHONPATH=$(CURDIR)/build/$(1) WSOBSERVE_EXPECT_BUILD=$(1) \
	$(abspath $(BIN)/pytest) -n 2 -c $(CURDIR)/pyproject.toml --rootdir $(CURDIR) $(2) $(abspath $(TESTS)) $(PYTEST_ARGUMENTS)

# `yes` where a C compiler finds Python's headers. There, and in CI, a build that is not compiled is a failure.
CAN_COMPILE = $(shell $$($(BIN)/python -c 'import sysconfig as s; print(s.get_config_var("CC"), "-I" + s.get_path("include"))') \
	-include Python.h -fsyntax-only -x c /dev/null >/dev/null 2>&1 && echo yes)

.PHONY: demo test lint bench fuzz format build clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed-demo
	$(BIN)/wsobserve demo $(DEMO_ARGUMENTS)

test: lint build/pure/built build/compiled/built
	@if [ -n "$(CAN_COMPILE)$(filter true,$(CI))" ]; then \
		echo "== tests on the pure build, without those marked build_independent"; \
		($(call TEST,pure,-m 'not build_independent')) || exit; \
		echo "== tests on the compiled build, all of them"; \
		$(call TEST,compiled); \
	else \
		echo "== tests on the pure build, all of them (no C compiler with Python's headers for the compiled one)"; \
		$(call TEST,pure); \
	fi

lint: $(VENV)/installed-test
	@echo "== format, lint, types, contracts"
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(VENV)/installed-test build/pure/built build/compiled/built
	$(BIN)/python -m tests.benchmarks.bench build/compiled build/pure $(BENCH_ARGUMENTS)

fuzz: $(VENV)/installed-test build/pure/built build/compiled/built
	PYTHONPATH=$(CURDIR) $(BIN)/python -P -m tests.fuzz.all_targets build/pure build/compiled

format: $(VENV)/installed-test
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

build: $(VENV)/installed-test
	rm -rf dist
	$(BIN)/python -P -m build --outdir dist

clean:
	rm -rf build dist .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find wsobserve dashboards tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "wsobserve needs Python 3.11 or later; none was found (make PYTHON=/path/to/python)" >&2; exit 1; }
	@echo "== environment in $(VENV)"
	$(PYTHON) -m venv $(VENV)

# What the tests need, but for wsobserve itself: that one comes from build/.
$(VENV)/installed-test: pyproject.toml | $(BIN)/python
	@echo "== packages for the tests"
	@mkdir -p build
	$(BIN)/python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	  print(*p["dependencies"], *(r for e in p["optional-dependencies"].values() for r in e if not r.startswith(p["name"])), sep="\n")' \
	  > build/requirements.txt
	$(PIP) install -r build/requirements.txt
	@touch $@

$(VENV)/installed-demo: build/compiled/built | $(BIN)/python
	@echo "== wsobserve and what the dashboard needs"
	$(PIP) install --force-reinstall --no-deps build/compiled-wheel/*.whl
	$(PIP) install "$$(echo build/compiled-wheel/*.whl)[dashboard]"
	@touch $@

build/pure/built: export WSOBSERVE_PURE = 1
build/compiled/built: export WSOBSERVE_REQUIRE_COMPILED = $(if $(CAN_COMPILE)$(filter true,$(CI)),1,0)
build/%/built: $(SOURCES) | $(BIN)/python
	@echo "== build: $*"
	@rm -rf build/$* build/$*-wheel
	@mkdir -p build
	@$(BIN)/python -m pip --disable-pip-version-check -v wheel --no-deps --wheel-dir build/$*-wheel . >build/$*.log 2>&1 \
		|| { cat build/$*.log; exit 1; }
	@sed -n 's/^ *wsobserve: /wsobserve: /p' build/$*.log && ls build/$*-wheel
	@$(PIP) install --no-deps --target build/$* build/$*-wheel/*.whl
	@touch $@
