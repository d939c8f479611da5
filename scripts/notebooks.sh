#!/bin/sh
# Runs the notebooks in a copy, so that a project a person made beside them is never touched; and twice in the
# same folder, because every notebook must be safe to run again.
set -eu
cd "$(dirname "$0")/.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp notebooks/*.ipynb "$copy"
for _ in 1 2; do
    .venv/bin/python -m pytest -c pyproject.toml --rootdir "$copy" -p no:cacheprovider \
        --nbval-lax --nbval-current-env --nbval-cell-timeout=120 "$copy"
done
