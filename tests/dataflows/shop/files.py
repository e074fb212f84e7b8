"""A story as the files that `python -m benchmarks.truth` reads."""

import json
from pathlib import Path

import pandas as pd

from tests.dataflows.shop.events import PARTITIONS, SLEEPING, Story

PIPELINE = Path(__file__).with_name("pipeline.yaml")
assert PARTITIONS == SLEEPING + 1, "the highest number in the file tells how many there are"


def write_events(story: Story, path: Path) -> None:
    """The messages, a JSON object a line."""
    lines = [
        json.dumps({"partition": one.partition, "key": one.key, "value": one.value})
        for one in story.messages
    ]
    path.write_text("\n".join(lines) + "\n")


def write_rows(rows: pd.DataFrame, path: Path) -> None:
    """The expected rows as CSV."""
    about = ["window", "shop", "till", "start", "end"]
    fields = [name for name in rows.columns if name not in about]
    rows.to_csv(path, index=False, columns=[*about, *fields])
