# `make help` lists the targets.
PYTHON ?= $(shell for p in python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PORT ?= 7860
# A file of tests a process, as many as there are cores; the slow files come first (tests/conftest.py).
PYTEST := $(BIN)/python -m pytest -n logical --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo demo-full test test-fast check bench bench-placeholders bench-brush bench-text bench-speed bench-effort bench-strokes bench-load bench-codes figures modes player player-site format clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed; set PYTHON=/path/to/python3.12"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/core: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/full: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -e '.[test]'
	@touch .venv/core $@

demo: .venv/core ## install the core (no torch) and serve the web demo at http://127.0.0.1:7860
	$(BIN)/textsketch app --port $(PORT)

.venv/everything: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt -e .
	@touch .venv/core $@

demo-full: .venv/everything ## install everything (torch, Stable Diffusion, captioners, CLIP) and serve the demo
	$(BIN)/textsketch app --port $(PORT)

test: .venv/full player/node_modules ## install everything and run the whole test suite
	$(PYTEST)

test-fast: .venv/full player/node_modules ## run the tests that are not marked slow: under two minutes
	$(PYTEST) -m "not slow"

check: .venv/full ## lint, check formatting, types and which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/full ## compare with JPEG, WebP, AVIF and JPEG 2000 on ../shared/data/kodak; writes benchmarks/results.md
	$(BIN)/python benchmarks/kodak.py

bench-placeholders: .venv/full ## 25 bytes beside BlurHash and ThumbHash on ../shared/data/kodak
	$(BIN)/pip install --quiet --no-deps blurhash==1.1.5 thumbhash-python==1.0.1 # their own pins are too old
	$(BIN)/python benchmarks/placeholders.py

bench-brush: .venv/full ## the brush in the eyes of a network that had no part in its training, on ../shared/data
	$(BIN)/pip install --quiet --no-deps nudenet==3.4.2
	$(BIN)/python benchmarks/brush.py

bench-text: .venv/full ## bytes a caption beside zlib, deflate, brotli and zstd on ../shared/data/captions
	$(BIN)/python benchmarks/text.py

figures: .venv/full ## evaluate ../shared/data/kodak and write README's results: plot, contact sheet, table
	$(BIN)/python benchmarks/figures.py

modes: .venv/full ## many pictures in every mode at small budgets, on one sheet: docs/figures/modes.webp
	$(BIN)/python benchmarks/modes.py

figures-edits: .venv/core ## run the commands of docs/editing.md and draw their pairs, before and after
	$(BIN)/python benchmarks/edits.py

bench-strokes: .venv/full ## bits a stroke pixel, sketches beside lossless formats, PSNR by size, on ../shared/data/kodak
	$(BIN)/python benchmarks/strokes.py

bench-speed: .venv/core ## time import, start, encoding and decoding at five sizes
	$(BIN)/python benchmarks/speed.py

bench-effort: .venv/full ## time and quality of the painter's efforts, step by step, on ../shared/data/kodak
	$(BIN)/python benchmarks/effort.py

bench-load: .venv/full ## what the demo withstands: cancelled uploads, two encodings at once, 50 visitors
	$(BIN)/python benchmarks/load.py attack
	$(BIN)/python benchmarks/load.py pair
	$(BIN)/python benchmarks/load.py clients

bench-codes: .venv/core ## to what size a file can be photographed as a QR code, and what reads it
	$(BIN)/python benchmarks/codes.py

player/node_modules: player/package-lock.json | .venv/full
	cd player && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund
	@touch $@

player: .venv/full player/node_modules ## build the player in the browser, player/dist, with the tables it reads
	$(BIN)/python player/tables.py
	cd player && PATH="$(CURDIR)/$(BIN):$$PATH" npm run build

player-site: ## copy the player to a folder that any file server can serve: make player-site DIR=folder
	@test -n "$(DIR)" || { echo "name the folder: make player-site DIR=folder"; exit 1; }
	mkdir -p "$(DIR)" && cp player/dist/* textsketch/render/painter/*.onnx "$(DIR)"

format: .venv/full ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the virtual environment and caches
	rm -rf .venv build dist *.egg-info .pytest_cache .hypothesis .ruff_cache .mypy_cache
