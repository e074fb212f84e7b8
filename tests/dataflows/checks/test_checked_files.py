"""Whatever `check` passes starts, and lives through its events: random files of every section."""

from pathlib import Path
from random import Random

import pytest

from tests.dataflows.checks.generated_files import GeneratedFile
from tests.dataflows.checks.starting import sound, start

FILES = 40


@pytest.mark.parametrize("seed", range(FILES))
def test_what_check_passes_starts_and_runs(seed: int, tmp_path: Path) -> None:
    generated = GeneratedFile(Random(seed))
    assert sound(generated, tmp_path)
    start(generated, tmp_path)
