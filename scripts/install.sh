#!/usr/bin/env bash
# Installs this checkout into the virtual environment $1 with the extras $2 ("[live]" or "[dev,live]"), at the
# versions of constraints.txt. A registry that does not answer is asked again, three times at most.
set -euo pipefail

venv=$1 extras=$2
for try in 1 2 3; do
    echo "==> installing tidegauge$extras into $venv"
    if "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --retries 3 --timeout 60 \
        --only-binary bytewax --constraint constraints.txt --editable ".$extras"; then
        exit 0
    fi
    echo "==> try $try of 3 failed" >&2
done
echo "The libraries could not be installed: see pip's message above." >&2
exit 2
