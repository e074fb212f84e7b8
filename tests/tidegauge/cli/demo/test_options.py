from pathlib import Path

import pytest

from tidegauge.cli._demo.options import Options, fresh_folder, parse_options
from tidegauge.errors import UserMistake


def test_options_are_read_from_texts(tmp_path: Path) -> None:
    assert parse_options("20", "7", tmp_path) == Options(20, 7, tmp_path)


@pytest.mark.parametrize("seconds", ["19", "3601", "soon", "2.5", "-30", "", "²"])
def test_other_seconds_are_refused_with_what_is_allowed(seconds: str, tmp_path: Path) -> None:
    with pytest.raises(UserMistake) as refused:
        parse_options(seconds, "1", tmp_path)
    assert str(refused.value) == (
        f"DEMO_SECONDS={seconds}: allowed is a whole number from 20 to 3600 seconds"
    )


@pytest.mark.parametrize("seed", ["-1", "4294967296", "lucky"])
def test_other_seeds_are_refused_with_what_is_allowed(seed: str, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=f"^DEMO_SEED={seed}: allowed is a whole number from 0"):
        parse_options("20", seed, tmp_path)


def test_what_an_earlier_demo_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    options = Options(20, 1, tmp_path)
    ours = ["store.sqlite3", "store.sqlite3-wal", "truth.jsonl", "flow.log"]
    for name in [*ours, "notes.txt"]:
        (tmp_path / name).write_text("earlier")
    with fresh_folder(options):
        assert {path.name for path in tmp_path.iterdir()} == {"lock", "notes.txt"}


def test_a_folder_serves_one_demo_at_a_time(tmp_path: Path) -> None:
    options = Options(20, 1, tmp_path)
    with (
        fresh_folder(options),
        pytest.raises(UserMistake, match="another demo"),
        fresh_folder(options),
    ):
        pass


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with (
        pytest.raises(UserMistake, match="name another with --data"),
        fresh_folder(Options(20, 1, file)),
    ):
        pass
