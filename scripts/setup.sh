#!/bin/sh
# Makes .venv ready to use: the packages pinned in constraints.txt and this checkout, editable.
# A second run with the same pyproject.toml and constraints.txt ends at once.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
python=$venv/bin/python
stamp=$venv/.ready

die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
say() { printf 'setup: %s\n' "$*"; }
wanted() { cat pyproject.toml constraints.txt scripts/setup.sh | cksum; }
recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
has_pip() { "$python" -m pip --version >/dev/null 2>&1; }

find_python() {
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if recent "$name"; then command -v "$name"; return; fi
    done
    die "no Python 3.11 or newer is on the path (python3 is: $(python3 --version 2>&1 || true)).
  -> Install one and run again, or name it: PYTHON=/path/to/python3.12 make <target>"
}

make_venv() {
    if [ -x "$python" ] && recent "$python" && has_pip; then return; fi
    base=$(find_python)
    say "making $venv with $("$base" --version)"
    if "$base" -m venv --clear "$venv" >/dev/null 2>&1 && has_pip; then return; fi
    # Debian splits ensurepip from python3; a pip outside the environment can install one inside it.
    "$base" -m venv --clear --without-pip "$venv" &&
        "$base" -m pip --python "$python" install --quiet pip && has_pip && return
    die "$base can make no virtual environment here.
  -> Debian, Ubuntu: apt-get install python3-venv; then run again."
}

has_gpu() { [ -e /dev/nvidia0 ] || nvidia-smi >/dev/null 2>&1; }

# The build of torch that pip would take as it is set up here, such as "2.13.0+cpu".
torch_offered() {
    "$python" -m pip install --dry-run --no-deps --ignore-installed --quiet --report - "$1" 2>/dev/null |
        "$python" -c 'import json, sys; print(json.load(sys.stdin)["install"][0]["metadata"]["version"])' 2>/dev/null
}

# A Linux machine without a GPU gets the CPU build: the default one on PyPI brings gigabytes of CUDA with it.
# --no-deps: the CPU index does not hold the pinned versions of what torch needs; install_rest brings them.
install_torch() {
    pin=$(grep '^torch==' constraints.txt)
    installed=$("$python" -c 'import importlib.metadata as m; print(m.version("torch"))' 2>/dev/null || true)
    if [ "torch==${installed%%+*}" = "$pin" ]; then return; fi
    if [ "$(uname -s)" = Linux ] && ! has_gpu; then
        case $(torch_offered "$pin") in
            *+cpu) ;;
            *) set -- --index-url https://download.pytorch.org/whl/cpu ;;
        esac
    fi
    "$python" -m pip install --quiet --no-deps "$@" "$pin" || die "$pin could not be installed${*:+ from $2}.
  -> Check the network; or install it into $venv yourself and run again."
}

# laplace-torch asks for torchvision; the one pip takes cannot load beside a CPU torch, and nothing here uses it.
install_rest() {
    "$python" -m pip install --quiet -c constraints.txt -e '.[docs,test]'
    "$python" -m pip uninstall --quiet --yes torchvision
}

# JupyterLab's question about news would cover a corner of the first screen a person sees.
quiet_lab() {
    mkdir -p "$venv/share/jupyter/lab/settings"
    printf '%s\n' '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}' \
        >"$venv/share/jupyter/lab/settings/overrides.json"
}

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted)" ]; then exit 0; fi
make_venv
say "installing the pinned packages (a few minutes the first time)"
install_torch
install_rest
quiet_lab
"$python" -W ignore -c 'import torch, laplace'
wanted >"$stamp"
say "ready: $("$python" --version), torch $("$python" -c 'import importlib.metadata as m; print(m.version("torch"))')"
