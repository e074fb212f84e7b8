from pathlib import Path

import pytest

from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.mistakes import Mistakes

FILE = """
version: 1
pipeline: bounds
sources:
  s:
    kafka: {{topic: t}}
    event_time: {{field: ts, format: epoch_ms}}
    fields: {{user: {{type: string}}}}
windows:
  w: {{from: s, {kind}, by: [user], state: {state}, select: {{n: count(*)}}}}
"""


def load(folder: Path, kind: str, state: str) -> None:
    file = folder / "bounds.yaml"
    file.write_text(FILE.format(kind=kind, state=state))
    load_pipeline(file)


def test_windows_of_count_may_have_a_time_to_live(tmp_path: Path) -> None:
    load(tmp_path, "count: {size: 9}", "{max_keys: 1, on_full: drop_oldest, ttl: 1m}")


@pytest.mark.parametrize("kind", ["tumbling: {size: 1m}", "session: {gap: 30m}"])
def test_others_need_a_key_until_its_last_window_is_over(tmp_path: Path, kind: str) -> None:
    with pytest.raises(Mistakes, match=r"state\.ttl: only for windows of count"):
        load(tmp_path, kind, "{ttl: 1h}")


def test_a_time_to_live_is_longer_than_nothing(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match="0s is not allowed"):
        load(tmp_path, "count: {size: 9}", "{ttl: 0s}")


@pytest.mark.parametrize(
    ("state", "message"),
    [("{max_keys: 0}", "state.max_keys: "), ("{on_full: drop}", "state.on_full: ")],
)
def test_limits_are_checked(tmp_path: Path, state: str, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        load(tmp_path, "tumbling: {size: 1m}", state)
