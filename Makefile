# The commands of the course; what they do is in tools/, which can also be called directly.

# The first Python on PATH that is new enough, or else python3, to say itself that it is not.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && exit; done; echo python3)

.DEFAULT_GOAL := help
.PHONY: help lab test test-newest test-browser notebooks bench lock clean

help: ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## /    make \1\t/p' Makefile | expand -t 24

lab: ## Open the course in JupyterLab (PORT=9000 to choose the port)
	@"$(PYTHON)" tools/lab.py $(if $(PORT),--port "$(PORT)")

test: ## Check everything that must hold, offline once set up
	@"$(PYTHON)" tools/test.py

test-newest: ## Check everything with the newest releases that pyproject.toml admits
	@"$(PYTHON)" tools/test.py --newest

test-browser: ## Run the notebooks in a real browser (PICTURE=1 to renew the README's picture)
	@"$(PYTHON)" tools/browser.py $(if $(PICTURE),--picture)

notebooks: ## Write the exercises into the notebooks, execute them, and store what they show
	@"$(PYTHON)" tools/environment.py -m lesson_lib.author.renew_notebooks
	@"$(PYTHON)" tools/environment.py -m lesson_lib.author.run_sheet
	@"$(PYTHON)" tools/environment.py -m lesson_lib.author.wrong_answers

bench: ## Measure how fast partitions load, as ratios (ONLY=costs for the README's table)
	@"$(PYTHON)" tools/environment.py -m benchmarks $(ONLY)

lock: ## Renew the exact pins in requirements.txt
	@"$(PYTHON)" tools/lock.py

clean: ## Remove everything that these commands made
	rm -rf .venv .cache .lab output screenshots dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -rf .tmp_dagster_home_* history schedules storage
	find . -name __pycache__ -prune -exec rm -rf {} +
