# `make lab` opens the lessons, `make test` runs every test. Each sets up .venv the first time.
PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check

.PHONY: lab test notebooks bench lock clean

lab: .venv/lessons
	$(BIN)/jupyter lab --notebook-dir=. notebooks

test: .venv/tests
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

notebooks: .venv/tests  # run every lesson and keep its outputs, without times and widget state
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False notebooks/*.ipynb
	$(BIN)/python -m nbstripout --keep-output --keep-count --keep-id --extra-keys \
	    "metadata.widgets metadata.language_info.version cell.metadata.execution" notebooks/*.ipynb

bench: .venv/lessons
	$(BIN)/python benchmarks/softmax.py

lock:  # renew constraints.txt: the newest versions that the ranges allow
	$(PYTHON) -m venv --clear .lock
	.lock/bin/python -m pip install -r requirements.txt -r tests/requirements.txt
	(echo "# The exact versions last tested, written by make lock."; \
	 .lock/bin/python -m pip freeze | sed 's/+[a-z0-9]*$$//') > constraints.txt
	rm -rf .lock

clean:
	rm -rf .venv

.venv/lessons: requirements.txt constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'This course needs Python 3.11 or newer, and $(PYTHON) is ' + sys.version.split()[0] + '. Name a newer one: make lab PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	$(PIP) install -r requirements.txt -c constraints.txt
	@touch $@

.venv/tests: .venv/lessons tests/requirements.txt
	$(PIP) install -r tests/requirements.txt -c constraints.txt
	@touch $@
