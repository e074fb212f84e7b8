# ruff: noqa: INP001 - scripts/ is a folder of commands, not a package
"""Lines of constraints.txt that are needed with some extras: `python scripts/pinned.py live`.

Prints requirements for `pip install --require-hashes --no-deps`, with what builds the project. The
file says of each library what needs it, so nothing has to be asked. Needs nothing but Python.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==")
_NAME = re.compile(r"^[A-Za-z0-9._-]+")
_PARENT = re.compile(r"^    #\s+(?:via\s+)?(\S+)")


@dataclass(frozen=True)
class Pin:
    """A library at one version.

    Attributes:
        lines: what pip reads: version, marker, hashes.
        parents: libraries that need it.
    """

    lines: list[str]
    parents: set[str]


def needed(pins: Mapping[str, Pin], wanted: Iterable[str]) -> list[str]:
    """Names of the libraries that are wanted, and of all that these need, sorted.

    Raises:
        KeyError: one that is wanted has no version.
    """
    found: set[str] = set()
    more: AbstractSet[str] = {name: pins[name] for name in wanted}.keys()
    while more:
        found |= more
        more = {name for name, pin in pins.items() if pin.parents & found} - found
    return sorted(found)


def read_pins(text: str) -> dict[str, Pin]:
    """All libraries of a file that `make constraints` has made, by name."""
    pins: dict[str, Pin] = {}
    for line in text.splitlines():
        if pinned := _PIN.match(line):
            pin = pins[_plain(pinned[1])] = Pin([line], set())
        elif line.startswith("    --hash="):
            pin.lines.append(line)
        elif parent := _PARENT.match(line):
            pin.parents.add(_plain(parent[1]))
    return pins


def wanted(project: Mapping[str, object], extras: Iterable[str]) -> list[str]:
    """What pyproject.toml names, with some extras, and what it is built with."""
    about: dict[str, object] = project["project"]  # type: ignore[assignment]  # tables of the format
    optional: dict[str, list[str]] = about["optional-dependencies"]  # type: ignore[assignment]  # as above
    groups: dict[str, list[str]] = project["dependency-groups"]  # type: ignore[assignment]  # as above
    lists = [about["dependencies"], groups["build"], *(optional[extra] for extra in extras)]
    return [_plain(_NAME.match(line)[0]) for listed in lists for line in listed]  # type: ignore[index, attr-defined]  # as above


def _plain(name: str) -> str:
    """A name as packages are compared by."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


if __name__ == "__main__":
    pins = read_pins((ROOT / "constraints.txt").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for name in needed(pins, wanted(project, sys.argv[1:])):
        sys.stdout.write("\n".join(pins[name].lines) + "\n")
