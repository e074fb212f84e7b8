# ruff: noqa: INP001 - scripts/ is a folder of commands, not a package
"""Known vulnerabilities of the libraries in constraints.txt: `python scripts/audit.py`.

Exit code 1 where there are some. Where the service that knows them does not answer, that is said,
and the exit code is 0: what cannot be asked is no fault of the code.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"
COMMAND = (
    *(sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS)),
    *("--no-deps", "--disable-pip", "--vulnerability-service", "osv"),
    *("--timeout", "10", "--format", "json", "--progress-spinner", "off"),
)
PATIENCE_S = 180
_NO_ANSWER = ("ConnectionError", "Timeout", "ServiceError", "ProxyError", "SSLError", "HTTPError")


def main(command: Sequence[str]) -> int:
    """Ask, and tell what was found; the exit code."""
    try:
        asked = subprocess.run(  # noqa: S603 - the command is our own
            command, capture_output=True, text=True, check=False, timeout=PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return _say("libraries NOT checked: no answer about known vulnerabilities in time", 0)
    try:
        known = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (asked.stderr.strip().splitlines() or ["no reason given"])[-1]
        if any(fault in asked.stderr for fault in _NO_ANSWER):
            return _say(f"libraries NOT checked: nobody answers about them ({last[:200]})", 0)
        return _say(f"libraries cannot be checked: {last}", 2)
    found = [
        f"{one['name']} {one['version']}: {vulnerability['id']}, mended in "
        f"{', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for one in known
        for vulnerability in one.get("vulns", [])
    ]
    if found:
        return _say("\n".join(found), 1)
    return _say(f"{len(known)} libraries, no known vulnerability", 0)


def _say(text: str, code: int) -> int:
    sys.stdout.write(f"{text}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:] or COMMAND))
