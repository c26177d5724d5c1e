# `make lab` opens the lessons, `make test` runs every test. Each sets up .venv the first time.
# For instructors (exercises/README.md): make release, make grade LESSON=... FROM=..., make feedback LESSON=...
PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check

.PHONY: lab test notebooks release grade feedback formgrader handout fork links bench lock clean

lab: .venv/lessons
	$(BIN)/jupyter lab --notebook-dir=. --FileContentsManager.preferred_dir=notebooks

test: .venv/tests
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

NOTEBOOKS ?= notebooks/*.ipynb exercises/source/*/*.ipynb
notebooks: .venv/tests  # run every lesson and every worked exercise and keep its outputs, without times and widget state
	COURSE_STILL=1 $(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False $(NOTEBOOKS)
	$(BIN)/python -m nbstripout --keep-output --keep-count --keep-id --extra-keys \
	    "metadata.widgets metadata.language_info.version cell.metadata.execution" $(NOTEBOOKS)

release: .venv/exercises  # write exercises/release from exercises/source
	$(BIN)/python -m exercises.grading.release

SANDBOX ?= bubblewrap
grade: lesson-and-from .venv/exercises  # for example: make grade LESSON=04-softmax-from-scratch FROM=submissions.zip
	$(BIN)/python -m exercises.grading "$(LESSON)" "$(FROM)" --sandbox $(SANDBOX)

feedback: lesson .venv/exercises  # HTML for each student of a graded lesson, in exercises/feedback
	cd exercises && ../$(BIN)/python -m nbgrader generate_feedback "$(LESSON)" --force

.PHONY: lesson lesson-and-from
lesson:
	@test -n "$(LESSON)" || { echo "Say which lesson: LESSON=04-softmax-from-scratch"; exit 2; }
lesson-and-from: lesson
	@test -n "$(FROM)" || { echo "Say where the submissions are, a folder or a zip: FROM=submissions.zip"; exit 2; }

formgrader: .venv/exercises  # JupyterLab with nbgrader's pages, for grading by hand
	cd exercises && ../$(BIN)/jupyter lab

handout: handout.zip  # the course without the worked answers, for students
.PHONY: handout.zip
handout.zip:
	git archive --prefix=deep-learning-course/ -o $@ HEAD -- . ':!exercises/source' ':!exercises/grading' ':!exercises/nbgrader_config.py' ':!tests' ':!.ci' ':!.github'

REVISION ?=
fork: .venv/exercises  # your own copy: badges, links and the first cells lead there; make fork SLUG=owner/name [REVISION=main]
	$(BIN)/python tools/launch.py $(SLUG) $(REVISION)
	$(BIN)/python -m exercises.grading.release

links: .venv/exercises  # list the links that lead out of the course
	@$(BIN)/python tools/launch.py --links

bench: .venv/tests  # half an hour; needs the real data sets (COURSE_DATA_DIR)
	$(BIN)/python benchmarks/loading.py
	$(BIN)/python benchmarks/softmax.py
	$(BIN)/python benchmarks/cnn.py
	$(BIN)/python benchmarks/records.py
	$(BIN)/python benchmarks/lessons.py --usual
	$(BIN)/python benchmarks/growth.py docs/growth.png
	$(BIN)/python benchmarks/repeat.py
	$(BIN)/python benchmarks/grading.py
	$(BIN)/python benchmarks/explore.py

lock:  # renew constraints.txt: the newest versions that the ranges allow
	$(PYTHON) -m venv --clear .lock
	.lock/bin/python -m pip install -r requirements.txt -r tests/requirements.txt -r exercises/requirements.txt -r hub/requirements.txt
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

.venv/exercises: .venv/lessons exercises/requirements.txt
	$(PIP) install -r exercises/requirements.txt -c constraints.txt
	@touch $@

.venv/tests: .venv/exercises tests/requirements.txt
	$(PIP) install -r tests/requirements.txt -c constraints.txt
	@touch $@
