# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: env env-dev demo test test-long lint messages lock bench clean

TEXTS := $(shell find src -name '*.po')

env: .venv/.ready .venv/.texts
env-dev: .venv/.ready-dev .venv/.texts

.venv/.ready: requirements.txt pyproject.toml
	@bin/make-env requirements.txt
	@touch $@

.venv/.ready-dev: requirements-dev.txt pyproject.toml
	@bin/make-env requirements-dev.txt
	@touch .venv/.ready $@

# After an upgrade the texts may be new where the packages are not.
.venv/.texts: $(TEXTS) | $(if $(filter env-dev lint test test-long bench messages,$(MAKECMDGOALS)),.venv/.ready-dev,.venv/.ready)
	@$(BIN)/python bin/compile-messages
	@touch $@

demo: env
	@MITOYEN_HOME="$${MITOYEN_HOME:-$(CURDIR)/var/demo}" $(BIN)/mitoyen demo $(ARGS)

lint: env-dev
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint src --lint --quiet

test: env-dev
	@bin/need-debian
	$(BIN)/pytest -n 2 --dist loadfile -m "not long" $(ARGS)

test-long: env-dev
	@bin/need-debian
	$(BIN)/pytest -m long $(ARGS)

bench: env-dev
	$(BIN)/python -m bench $(ARGS)

# For developers: new texts to translate (needs Debian's gettext), and new locks (needs uv).
messages: env-dev
	$(BIN)/python bin/messages

LOCK := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	--extra postgresql --group build
lock:
	$(LOCK) pyproject.toml -o requirements.txt
	$(LOCK) --group dev pyproject.toml -o requirements-dev.txt

clean:
	rm -rf .venv var build
