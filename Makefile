# Two commands: `make run` opens the dashboard, `make test` checks everything. Both install what they need into .venv.

PYTHON ?= python3
ARGS ?=
# A pytest worker for each core, and no more than four: a test in the browser keeps a dashboard and a Chromium busy beside its worker. A worker that
# has nothing left to do takes tests from one that has. ARGS="-n 0" runs all in one process.
PARALLEL := -n $(shell getconf _NPROCESSORS_ONLN) --maxprocesses 4 --dist worksteal
BIN := .venv/bin

export HF_HUB_DISABLE_TELEMETRY := 1
export DO_NOT_TRACK := 1
# Bytecode is kept, also where the surroundings forbid it: pytest prepares 300 files of tests for each of its workers, and each dashboard that
# a test starts reads the whole project. A cache that cannot be written is left out without a word.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run room public test nightly lowest audit shots words clean help
.DEFAULT_GOAL := run

run: .venv/.run ## open the dashboard; make run ARGS="--server.port 9000" passes arguments on to Streamlit
	$(BIN)/python -m explorer.ui.start $(ARGS)

room: .venv/.run ## open the dashboard to phones of this network: they follow the course and vote
	$(BIN)/python -m explorer.ui.start --room $(ARGS)

public: .venv/.run ## a server that strangers may use, behind a proxy: docs/operating.md; make public ARGS="--models OWNER/MODEL"
	$(BIN)/python -m explorer.ui.start --public $(ARGS)

test: .venv/.test ## check style and run every test; make test ARGS="-k capture" passes arguments on to pytest
	$(BIN)/python -m scripts.find_browser --install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

nightly: ## all tests there are, twice as long: before a change is given to others
	$(MAKE) test ARGS="--thorough $(ARGS)"

lowest: .venv-lowest/.test ## the tests without a browser on the lowest versions that pyproject.toml claims
	.venv-lowest/bin/python -m pytest $(PARALLEL) -o cache_dir=.venv-lowest/.pytest_cache tests/models tests/pages tests/explorer $(ARGS)

audit: requirements.txt ## known weaknesses of the pinned libraries: asks PyPI
	$(PYTHON) -m venv --clear .venv-audit
	.venv-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	.venv-audit/bin/pip-audit --strict --disable-pip --no-deps -r requirements.txt

shots: .venv/.test ## take the screenshots of the README
	$(BIN)/python -m scripts.screenshots $(ARGS)

words: .venv/.test ## put the messages of the code into the catalogues of explorer/locale
	$(BIN)/python -m scripts.words

clean: ## remove .venv and caches
	rm -rf .venv .venv-lowest .venv-audit .pytest_cache .ruff_cache .hypothesis

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

# torch first and alone: whatever comes later then finds the pinned one and fetches no other build.
# The last line makes the project's packages known: lines of Python that a page gives away run from any folder.
.venv/.run: requirements.txt Makefile | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' requirements.txt)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "attention_explorer.pth").write_text("$(CURDIR)\n")'
	touch $@

.venv/.test: requirements-dev.txt requirements-tools.txt requirements-cluster.txt .venv/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

.venv-lowest/.test: constraints-lowest.txt requirements-tools.txt requirements-cluster.txt Makefile
	$(PYTHON) -m venv --clear .venv-lowest
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check "$$(grep '^torch==' constraints-lowest.txt)"
	.venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check \
		-r constraints-lowest.txt -r requirements-cluster.txt -r requirements-tools.txt
	touch $@
