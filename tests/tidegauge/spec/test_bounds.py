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


@pytest.mark.parametrize("kind", ["tumbling: {size: 1m}", "session: {gap: 1m}", "count: {size: 9}"])
def test_a_time_to_live_as_long_as_the_window_is_accepted(tmp_path: Path, kind: str) -> None:
    load(tmp_path, kind, "{max_keys: 1, on_full: drop_oldest, ttl: 1m}")


@pytest.mark.parametrize(
    ("kind", "ttl", "least"),
    [
        ("tumbling: {size: 1m}", "59s", "1m"),
        ("sliding: {size: 1h, every: 1m}", "1m", "1h"),
        ("session: {gap: 30m}", "29m", "30m"),
        ("count: {size: 9}", "0s", "1ms"),
    ],
)
def test_one_that_is_shorter_is_not(tmp_path: Path, kind: str, ttl: str, least: str) -> None:
    with pytest.raises(Mistakes, match=f"ttl: {ttl} is too short; allowed: {least} or more, the"):
        load(tmp_path, kind, f"{{ttl: {ttl}}}")


@pytest.mark.parametrize(
    ("state", "message"),
    [("{max_keys: 0}", "state.max_keys: "), ("{on_full: drop}", "state.on_full: ")],
)
def test_limits_are_checked(tmp_path: Path, state: str, message: str) -> None:
    with pytest.raises(Mistakes, match=message):
        load(tmp_path, "tumbling: {size: 1m}", state)
