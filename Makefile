# Every target sets up what it needs in .venv first; the second time that takes no time.
.DEFAULT_GOAL := help
PYTHON_RUN := .venv/bin/python
CODE := spin_nb tests benchmarks docs
SPHINX := .venv/bin/sphinx-build --quiet --fail-on-warning --keep-going -d .sphinx/doctrees
# JupyterLab refuses to start as root unless told otherwise (containers).
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] && echo --allow-root)

.PHONY: help setup lab demo test check docs unit notebooks browser attack bench clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## make .venv with the pinned packages
	@sh scripts/setup.sh

lab: setup  ## open JupyterLab on the quickstart
	$(PYTHON_RUN) -m jupyterlab $(AS_ROOT) notebooks/00_quickstart.ipynb

demo: setup  ## the whole loop on real digits without a browser, ending with a verified bundle
	$(PYTHON_RUN) -m spin_nb.demo

test: setup check unit notebooks browser  ## everything CI runs

check: setup  ## style, types, layers, scripts, links of the documentation
	.venv/bin/ruff check $(CODE)
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/mypy spin_nb
	.venv/bin/lint-imports
	@sh scripts/lint_scripts.sh
	$(SPHINX) -b dummy docs .sphinx/check

docs: setup  ## build the pages into .sphinx/html, offline; a broken link is an error
	$(SPHINX) -b html docs .sphinx/html

# Of one thread each: threads of several processes would wait for each other at every small operation. Three of them,
# because two leave two cores idle half of the time, waiting for pages, kernels and disks. In the order of the folders:
# else the files with few tests, among them the longest test, come last and are waited for.
unit: setup  ## tests without JupyterLab (the labeller's page is driven in headless Chromium)
	chromium=$$(sh scripts/browser.sh light) && SPIN_CHROMIUM="$$chromium" OMP_NUM_THREADS=1 \
	    $(PYTHON_RUN) -m pytest --ignore=tests/browser -n 3 --dist loadfile --no-loadscope-reorder

notebooks: setup  ## run every notebook top to bottom, twice, in a copy
	sh scripts/notebooks.sh

browser: setup  ## drive a real JupyterLab in headless Chromium
	chromium=$$(sh scripts/browser.sh) && SPIN_CHROMIUM="$$chromium" \
	    $(PYTHON_RUN) -m pytest tests/browser -n 2 --dist loadfile --no-loadscope-reorder

attack: setup  ## kills, flipped bits, strangers' projects and fuzzed calls in full (hours); prints the counts
	chromium=$$(sh scripts/browser.sh) && SPIN_CHROMIUM="$$chromium" SPIN_ATTACK=full \
	    $(PYTHON_RUN) -m pytest -s --timeout=0 tests/attack tests/browser/test_starts.py

bench: setup  ## print the measured figures
	$(PYTHON_RUN) -m benchmarks

clean:  ## remove what the targets made (.venv stays)
	rm -rf .browser .node .sphinx .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache screenshots dist build
	find . -path ./.venv -prune -o -name __pycache__ -type d -exec rm -rf {} +
