"""`@grafana/data` from npm, in the cache: what Grafana shows of an answer in a panel."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.grafana.browser.frames import frames
from tests.grafana.database import Series
from tests.grafana.macros import Range
from tests.services import cache, packages

HERE = Path(__file__).parent
VERSIONS: dict[str, str] = json.loads((HERE / "package.json").read_text())["dependencies"]
NAME = f"grafana-data-{VERSIONS['@grafana/data']}-happy-dom-{VERSIONS['happy-dom']}"
_NO_RANGE = Range(0, 0)
Answers = Sequence[tuple[Any, list[Series]]]
"""Queries of a panel, and the answer to each."""


@dataclass(frozen=True)
class Shown:
    """What is shown of a column: names, texts, colours and addresses."""

    name: str
    values: list[Any]
    texts: list[str]
    colors: list[str]
    links: list[list[str]]


@dataclass(frozen=True)
class Single:
    """What a panel of single values shows of one."""

    title: str
    text: str
    color: str
    links: list[str]


@dataclass(frozen=True)
class Picture:
    """What a panel shows: its columns, frame by frame, and its single values."""

    frames: list[dict[str, Shown]]
    singles: list[Single]


@dataclass(frozen=True)
class Display:
    """A folder in which Node.js finds Grafana's library."""

    folder: Path

    def show(self, panel: Any, answers: Answers, span: Range = _NO_RANGE) -> Picture:
        """What a panel shows.

        Args:
            panel: as it was rendered.
            answers: its queries, and the answer to each.
            span: the time range that it draws.
        """
        (picture,) = self.show_all([(panel, answers)], span)
        return picture

    def show_all(
        self, answered: Sequence[tuple[Any, Answers]], span: Range = _NO_RANGE
    ) -> list[Picture]:
        """As `show`, of several panels."""
        tasks = [
            {
                "panel": panel,
                "frames": [each for target, found in answers for each in frames(target, found)],
                "range": {"from": span.from_ms, "to": span.to_ms},
            }
            for panel, answers in answered
        ]
        out = self.folder / "shown.json"
        done = subprocess.run(
            ["node", "display.js", str(out)],
            cwd=self.folder,
            input=json.dumps(tasks),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return [_picture(shown) for shown in json.loads(out.read_text())]


def _picture(shown: Any) -> Picture:
    found = [{each["name"]: Shown(**each) for each in frame} for frame in shown["frames"]]
    return Picture(found, [Single(**each) for each in shown["single"]])


def display(folder: Path) -> Display:
    """The library in an empty folder.

    Raises:
        ServerUnavailableError: there is no Node.js, or the packages could not be fetched.
    """
    packages.require("what Grafana shows", ("node", "npm"))

    def make(place: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, place)
        # The library names more peers than what is used of it needs.
        quiet = ["--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund"]
        packages.run(["npm", "ci", *quiet, "--loglevel=error"], folder=place)

    installed = cache.get(NAME, make)
    (folder / "node_modules").symlink_to(installed / "node_modules")
    for script in HERE.glob("*.js"):
        shutil.copy(script, folder)
    return Display(folder)
