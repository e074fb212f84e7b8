"""What happens where no server can be had."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEST = "tests/services/test_services.py::test_each_topic_has_a_name_of_its_own"


def _run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one test that needs Kafka where there is no engine of Docker and nothing in the cache."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"CI", "KAFKA_BOOTSTRAP"} and not name.startswith("DOCKER_")
    }
    nothing = {"XDG_CACHE_HOME": str(tmp_path), "DOCKER_HOST": f"unix://{tmp_path}/none"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST],
        cwd=ROOT,
        env={**inherited, **nothing, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_test_without_its_server_is_skipped_and_says_how_to_get_one(tmp_path: Path) -> None:
    done = _run(tmp_path)
    assert done.returncode == 0
    assert "1 skipped" in done.stdout
    assert "'make services' gets it, or name one in KAFKA_BOOTSTRAP" in done.stdout


def test_a_test_without_its_server_fails_in_ci(tmp_path: Path) -> None:
    done = _run(tmp_path, CI="true")
    assert done.returncode == 1
    assert "a skip is a failure in CI" in done.stdout
    assert "make services" in done.stdout
