"""The compose file as text and as a tree, with its variables and without."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
EXAMPLE = ROOT / ".env.example"

Tree = dict[str, Any]

_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:[-?])([^}]*))?\})")


@dataclass(frozen=True)
class Variable:
    """A variable where it is used.

    Attributes:
        name: its name.
        operator: `:-` before a default, `:?` before the message when it is not set, else nothing.
        word: the default or the message.
    """

    name: str
    operator: str
    word: str


def variables(text: str) -> Iterator[Variable]:
    """All uses of variables."""
    for dollar, name, operator, word in _VARIABLE.findall(text):
        if not dollar:
            yield Variable(name, operator, word)


def parse(text: str) -> Tree:
    """The tree of a YAML text."""
    tree: Tree = YAML(typ="safe").load(text)
    return tree


def resolve(node: Any, values: Mapping[str, str]) -> Any:
    """A node of the tree with the values of its variables, all texts, as Compose puts them in.

    Raises:
        KeyError: a variable without default is not set or empty.
    """
    match node:
        case dict():
            return {key: resolve(value, values) for key, value in node.items()}
        case list():
            return [resolve(value, values) for value in node]
        case str():
            return _VARIABLE.sub(lambda match: _value(match, values), node)
        case _:
            return node


def _value(match: re.Match[str], values: Mapping[str, str]) -> str:
    dollar, name, operator, word = match.groups()
    if dollar:
        return "$"
    return values.get(name) or (word if operator == ":-" else _required(name, values))


def _required(name: str, values: Mapping[str, str]) -> str:
    if not values.get(name):
        raise KeyError(name)
    return values[name]


def example() -> dict[str, str]:
    """The variables of `.env.example`."""
    lines = (line for line in EXAMPLE.read_text().splitlines() if line and line[0] != "#")
    return dict(line.split("=", 1) for line in lines)


def project(**values: str) -> Tree:
    """The tree of the compose file with the values of `.env.example`; its secrets are made up."""
    filled = {name: value or f"made-up-{name.lower()}" for name, value in example().items()}
    tree: Tree = resolve(parse(COMPOSE.read_text()), {**filled, **values})
    return tree


def services(tree: Tree) -> dict[str, Tree]:
    """The services by their names."""
    found: dict[str, Tree] = tree["services"]
    return found
