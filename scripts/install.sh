#!/usr/bin/env bash
# Installs this checkout into the virtual environment $1 with the extras $2 ("live" or "dev live"), at the versions of
# constraints.txt: a file with another hash than it says is refused, and none is built from source.
# A registry that does not answer is asked again, three times at most.
set -euo pipefail

venv=$1
read -ra extras <<<"$2"
pip() { "$venv/bin/python" -m pip --quiet --disable-pip-version-check --retries 3 --timeout 60 install "$@"; }

wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
"$venv/bin/python" scripts/pinned.py "${extras[@]}" >"$wanted"
for try in 1 2 3; do
    echo "==> installing tidegauge[$2] into $venv"
    if pip --require-hashes --no-deps --only-binary :all: --requirement "$wanted" &&
        pip --no-deps --no-build-isolation --no-index --editable .; then
        exit 0
    fi
    echo "==> try $try of 3 failed" >&2
done
echo "The libraries could not be installed: see pip's message above." >&2
exit 2
