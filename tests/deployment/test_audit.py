"""The check of libraries fails for what is known, and for nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "audit.py"


def audit(out: str, error: str, code: int) -> tuple[int, str]:
    """Exit code and output where the one that is asked says this."""
    said = f"import sys; print({out!r}); print({error!r}, file=sys.stderr); sys.exit({code})"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), sys.executable, "-c", said],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stdout.strip()


def answer(*vulnerabilities: dict[str, object]) -> str:
    library = {"name": "lib", "version": "1.0", "vulns": vulnerabilities}
    return json.dumps({"dependencies": [library, {"name": "b", "version": "2", "vulns": []}]})


def test_a_known_vulnerability_fails() -> None:
    told = answer({"id": "CVE-1", "fix_versions": ["1.1"]}, {"id": "CVE-2", "fix_versions": []})
    assert audit(told, "Found 2 known vulnerabilities", 1) == (
        1,
        "lib 1.0: CVE-1, mended in 1.1\nlib 1.0: CVE-2, mended in no version yet",
    )


def test_none_is_told() -> None:
    assert audit(answer(), "", 0) == (0, "2 libraries, no known vulnerability")


@pytest.mark.parametrize("error", ["requests.exceptions.ConnectionError: no", "ReadTimeout: slow"])
def test_a_service_that_does_not_answer_is_said_and_fails_nothing(error: str) -> None:
    code, told = audit("", f"Traceback\n{error}", 1)
    assert code == 0
    assert told == f"libraries NOT checked: nobody answers about them ({error})"


def test_another_fault_is_one() -> None:
    assert audit("", "bad requirement", 1) == (2, "libraries cannot be checked: bad requirement")
