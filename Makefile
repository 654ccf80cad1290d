# `make run` and `make test` set up everything themselves; see README.md.
PYTHON ?= python3
PORT ?= 8501
BIN = .venv/bin
PROGRAM = PYTHONPATH=.:tests/support $(BIN)/python

.PHONY: run test bench hold pictures format

run: .venv/app
	@exec $(BIN)/python -m ganlab --port $(PORT)

test: .venv/tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@CHROMIUM="$$($(BIN)/python tests/support/chromium.py)" && export CHROMIUM \
	  && $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

bench: .venv/tests
	@CHROMIUM="$$($(BIN)/python tests/support/chromium.py)" && export CHROMIUM \
	  && for part in echo generate instruments diagnosis pages; do $(PROGRAM) bench/$$part.py || exit 1; done

hold: .venv/tests
	$(PROGRAM) tests/support/kills.py 200
	$(PROGRAM) tests/support/sweep_kills.py 10
	$(PROGRAM) tests/support/dask_kill.py
	$(PROGRAM) tests/support/mutations.py 500
	$(PROGRAM) tests/support/crafted.py 500
	$(PROGRAM) tests/support/full_disk.py
	$(PROGRAM) tests/support/soak.py 5
	$(PROGRAM) tests/support/revisits.py
	$(PROGRAM) tests/support/visitors.py
	$(PROGRAM) tests/support/visitors.py --guests --counts 20
	$(PROGRAM) tests/support/large.py
	@CHROMIUM="$$($(BIN)/python tests/support/chromium.py)" && export CHROMIUM && $(PROGRAM) tests/support/replay.py

pictures: .venv/tests
	@CHROMIUM="$$($(BIN)/python tests/support/chromium.py)" && export CHROMIUM && $(PROGRAM) bench/pictures.py

format: .venv/tests
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

.venv/app: requirements.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || { echo "ganlab needs Python 3.11 or newer; try: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/tests: .venv/app tests/requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@
