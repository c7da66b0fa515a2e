# make demo    a synthetic patient, two femurs and a report, from a fresh clone
# make test    the tests, about 11 minutes on two cores
#              EXTRAS=test,train adds torch and the tests of training
# make check   style, types, imports
# make docs    the pages under docs as a site in build/docs; a broken link fails
# make web     niivue for the CT in reports (needs Node; without it a viewer of our own draws it)
# make wheel   a wheel in dist, with niivue in it
# make paper   the paper's experiment: cohort, trainings, scores, docs/results/paper (hours; goes on
#              where it was stopped); WORK=out/paper is where it is kept
# make bench   surfaces, thickness, morphometry, forms of DICOM, speed, cohorts; beside other programs
# make clean   removes .venv, demo and what is built; results of yours stay
# make results regenerates docs/results (needs ../shared/data for the real cases)
PYTHON ?= python3
EXTRAS ?= test
OUT ?= demo
WORK ?= out/paper
BIN := .venv/bin
comma := ,
RUN_STAMP := .venv/.ready-run
TEST_STAMP := .venv/.ready-$(subst $(comma),-,$(EXTRAS))

VOLUME := src/femurkit/report/web/volume.js

.PHONY: demo test check docs web wheel paper results bench format clean

demo: $(RUN_STAMP)
	$(BIN)/femurkit demo -o $(OUT) --overwrite

test: $(TEST_STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

results: $(TEST_STAMP)
	$(BIN)/python -m benchmarks.results

bench:
	$(MAKE) EXTRAS=test,bench .venv/.ready-test-bench
	$(BIN)/python -m benchmarks.surfaces
	$(BIN)/python -m benchmarks.thickness
	$(BIN)/python -m benchmarks.morphometry
	$(BIN)/python -m benchmarks.likeness
	$(BIN)/python -m benchmarks.crops
	$(BIN)/python -m benchmarks.encodings
	$(BIN)/python -m benchmarks.cohort
	$(MAKE) .venv-peers/.ready
	$(BIN)/python -m benchmarks.bench

.venv-peers/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet -c constraints.txt -e '.[peers]'
	touch $@

docs:
	$(MAKE) EXTRAS=test,docs .venv/.ready-test-docs
	$(BIN)/mkdocs build --quiet
	@echo "build/docs/index.html"

web: $(VOLUME)

$(VOLUME): $(wildcard web/*.js*) web/src/volume.js
	cd web && npm ci --silent --no-audit --no-fund && npm run --silent build -- --logLevel warn
	touch $@
	@echo "Reports made from now on show the CT by niivue (installed with pip install -c constraints.txt -e .; else install again)."

wheel: $(VOLUME) | $(BIN)/python
	$(BIN)/python -m pip wheel --quiet --no-deps -w dist .

paper:
	$(MAKE) EXTRAS=test,train .venv/.ready-test-train
	$(BIN)/python -m benchmarks.paper --work $(WORK)

format: $(TEST_STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv-peers demo build dist web/node_modules src/femurkit/report/web

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "femurkit needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv

$(RUN_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(TEST_STAMP): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[$(EXTRAS)]'
	touch $@ $(RUN_STAMP)
