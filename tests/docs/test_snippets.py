"""Every Python example of the documentation runs and prints what the text under it says."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FENCE = re.compile(
    r"^```python\n(.*?)^```\n(?:(?:(?!^```).)*?^```text\n(.*?)^```)?", re.MULTILINE | re.DOTALL
)


def _examples() -> list[tuple[str, str, str]]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [
        (f"{page.name}-{number}", code, printed)
        for page in pages
        for number, (code, printed) in enumerate(FENCE.findall(page.read_text()), 1)
    ]


EXAMPLES = _examples()


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.parametrize(
    ("code", "printed"),
    [pytest.param(code, printed, id=name) for name, code, printed in EXAMPLES],
)
def test_an_example_prints_what_the_page_says(code: str, printed: str, tmp_path: Path) -> None:
    script = tmp_path / "example.py"
    script.write_text(code)
    ran = subprocess.run(
        [sys.executable, str(script)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == printed
