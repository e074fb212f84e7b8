#!/usr/bin/env bash
# Makes the folder $1 a virtual environment with Python 3.11 or 3.12, unless it is one already;
# with --find in its place, only tells which Python it would take.
# $PYTHON, if set, is tried first. Exit code 2: no such Python could be had.
set -euo pipefail

venv=$1
fits='import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))'

# A version manager's shim may be on the PATH and fail when it is called: so each is run.
fitting() { "$1" -c "$fits" >/dev/null 2>&1; }

candidates() {
    [ -z "${PYTHON:-}" ] || type -ap "$PYTHON" || true
    for name in python3.11 python3.12 python3 python; do type -ap "$name" || true; done
}

complain() {
    cat >&2 <<'END'
Python 3.11 or 3.12 with its venv module is needed, and none was found on the PATH (the stream
engine has no build for newer ones yet). Install one of them, for example:
  Debian 12:  apt-get install python3.11-venv
  Ubuntu 24:  apt-get install python3.12-venv
  elsewhere:  install uv, which fetches a Python by itself, and run make again
or name one:  make setup PYTHON=/path/to/python3.12
END
    exit 2
}

if [ -x "$venv/bin/python" ] && fitting "$venv/bin/python" &&
    "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    exit 0
fi

python=""
while read -r candidate; do
    if fitting "$candidate"; then python=$candidate && break; fi
done < <(candidates)

if [ "$venv" = --find ]; then
    [ -n "$python" ] || complain
    echo "$python"
elif [ -n "$python" ]; then
    echo "==> $venv with $("$python" --version) ($python)"
    "$python" -m venv --clear "$venv"
elif command -v uv >/dev/null 2>&1; then
    echo "==> $venv with Python 3.12 through uv"
    rm -rf "$venv"
    uv venv --quiet --seed --python 3.12 "$venv" || complain
else
    complain
fi
