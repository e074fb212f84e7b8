"""YAML text to plain values, with the line of every key and value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from tidegauge.spec.mistakes import Path, Problem
from tidegauge.spec.variables import substitute

MAX_CHARACTERS = 256 * 1024
MAX_BRACKETS = 200
MAX_VALUES = 20_000
"""Values of a file after its aliases are followed."""

_HALF = "half of a character: an escape such as \\ud83c needs its second one"
_TAG = "tag:yaml.org,2002:"


class UnreadableError(Exception):
    """The text is no YAML document; `line` (from 1) says where that was noticed."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(line, message)
        self.line = line
        self.message = message


@dataclass(slots=True)
class Document:
    """A file as plain values.

    `keys` has the line of each key, `values` that of each value; lines count from 1. `plain_keys`
    are those that are written without quotes. `problems`
    are duplicate keys, unset variables and what else is wrong before any key has a meaning; a
    value that could not be had is None.
    """

    value: Any = None
    keys: dict[Path, int] = field(default_factory=dict)
    values: dict[Path, int] = field(default_factory=dict)
    plain_keys: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Line where a path is written; that of what holds it, when it is not there."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, 1)

    def key_line(self, path: Path) -> int:
        """Line of the key that a path ends with."""
        return self.keys.get(path) or self.line(path)


def read_document(text: str, environment: Mapping[str, str]) -> Document:
    """Read YAML 1.2 and put in the variables of string values.

    Raises:
        UnreadableError: it is no single YAML document, or too large.
    """
    if len(text) > MAX_CHARACTERS:
        raise UnreadableError(1, f"longer than {MAX_CHARACTERS:,} characters")
    _check_brackets(text)
    try:
        yaml = YAML(typ="safe", pure=True)
        root = yaml.compose(text)
        reader = _Reader(environment, yaml.constructor)
        reader.document.value = reader.read(root, ()) if root is not None else None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        reason = " ".join(str(part) for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 1
        raise UnreadableError(line, _one_line(reason) + _advice(text, line)) from None
    except YAMLError as error:
        position = getattr(error, "position", 0)
        reason = str(getattr(error, "reason", None) or "not YAML")
        raise UnreadableError(text.count("\n", 0, position) + 1, _one_line(reason)) from None
    except RecursionError:
        raise UnreadableError(1, "nested too deeply") from None
    return reader.document


def _check_brackets(text: str) -> None:
    """The reader takes quadratic time over brackets within brackets."""
    depth = 0
    for line, characters in enumerate(text.splitlines(), 1):
        depth += sum(map(characters.count, "[{")) - sum(map(characters.count, "]}"))
        if depth > MAX_BRACKETS:
            raise UnreadableError(line, f"more than {MAX_BRACKETS} brackets are open")


def _advice(text: str, line: int) -> str:
    """Brackets have a meaning within `{…}`, so variables need quotes there."""
    lines = text.splitlines()
    return "; put ${…} in quotes here" if line <= len(lines) and "${" in lines[line - 1] else ""


def _one_line(reason: str) -> str:
    return " ".join(reason.split()) or "not YAML"


def _joined(text: str) -> str | None:
    """The text with characters that are written as in JSON, by two escapes; None for a half one."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return None


class _Reader:
    """Turns composed nodes into plain values and notes their lines."""

    def __init__(self, environment: Mapping[str, str], constructor: SafeConstructor) -> None:
        self.document = Document()
        self._constructor = constructor
        self._environment = environment
        self._open: set[int] = set()
        self._count = 0

    def read(self, node: Node, path: Path, key_line: int | None = None) -> Any:
        line = node.start_mark.line + 1
        # The value of a key with a mapping or list begins below; people look at the key.
        self.document.values[path] = line if isinstance(node, ScalarNode) else key_line or line
        self._count += 1
        if self._count > MAX_VALUES:
            raise UnreadableError(line, f"more than {MAX_VALUES:,} values")
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            return self._problem(path, "an alias within what it stands for")
        if node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            return self._problem(path, f"tag {node.tag} is not available")
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return self._sequence(node, path)
            return self._mapping(node, path)
        finally:
            self._open.discard(id(node))

    def _sequence(self, node: SequenceNode, path: Path) -> list[Any]:
        return [self.read(item, (*path, index)) for index, item in enumerate(node.value)]

    def _mapping(self, node: Node, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                message = "a key is a text, not a list or mapping"
                self.document.problems.append(Problem(path, message, line))
                continue
            key = _joined(str(key_node.value))
            if key is None:
                self.document.problems.append(Problem(path, _HALF, line))
                continue
            here = (*path, key)
            if key in values:
                message = f"the key is here twice, first in line {self.document.keys[here]}"
                self.document.problems.append(Problem(here, message, line))
                continue
            self.document.keys[here] = line
            if not key_node.style:
                self.document.plain_keys.append(here)
            values[key] = self.read(value_node, here, line)
        return values

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        tag = str(node.tag).removeprefix(_TAG)
        if tag in ("str", "timestamp"):
            text = _joined(str(node.value))
            if text is None:
                return self._problem(path, _HALF)
            try:
                return substitute(text, self._environment)
            except ValueError as error:
                return self._problem(path, str(error))
        construct = _CONSTRUCT.get(tag)
        if construct is None:
            return self._problem(path, f"tag {node.tag} is not available")
        try:
            return construct(self._constructor, node)
        except (ValueError, KeyError, IndexError):
            return self._problem(path, f"{str(node.value)[:40]!r} cannot be read as {tag}")

    def _problem(self, path: Path, message: str) -> None:
        self.document.problems.append(Problem(path, message))


_CONSTRUCT: Mapping[str, Callable[[SafeConstructor, ScalarNode], Any]] = {
    "int": SafeConstructor.construct_yaml_int,
    "float": SafeConstructor.construct_yaml_float,
    "bool": SafeConstructor.construct_yaml_bool,
    "null": SafeConstructor.construct_yaml_null,
}
