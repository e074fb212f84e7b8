"""What a recovery directory remembers: the definitions that its state was made for, as JSON."""

import json
import os
from pathlib import Path
from typing import Any

from tidegauge.errors import UserMistake
from tidegauge.private import open_private
from tidegauge.statedefs import Definitions, Remembered

FILE = "definitions.json"
"""Name of the file in the recovery directory."""
_VERSION = 1


def read_definitions(folder: Path) -> Definitions | None:
    """What the directory remembers; None where no start has written it yet.

    Raises:
        UserMistake: the file cannot be read, or is of another version.
    """
    path = folder / FILE
    try:
        return _read(json.loads(path.read_text(encoding="utf-8")), path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserMistake(f"saved state: {path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _wrong(path, "is damaged") from None


def write_definitions(folder: Path, definitions: Definitions) -> None:
    """Remember them, in one step: whoever reads meanwhile sees the old file or the new one.

    Raises:
        UserMistake: the file cannot be written.
    """
    path = folder / FILE
    new = path.with_name(f"{FILE}.{os.getpid()}")
    try:
        descriptor = open_private(new, os.O_WRONLY | os.O_TRUNC)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
            json.dump(_written(definitions), file, indent=1, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise UserMistake(f"saved state: {path}: cannot be written: {error.strerror}") from None


def _written(definitions: Definitions) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "pipeline": definitions.pipeline,
        "key_groups": definitions.key_groups,
        "parts": {
            key: {
                "begun": part.begun,
                "made_for": None if part.aspects is None else dict(part.aspects),
                **({"words": dict(part.words)} if part.words else {}),
            }
            for key, part in definitions.parts.items()
        },
        "partitions": dict(definitions.partitions),
    }


def _read(saved: dict[str, Any], path: Path) -> Definitions:
    if saved["version"] != _VERSION:
        raise _wrong(path, f"has version {saved['version']}, this program reads {_VERSION}")
    return Definitions(
        str(saved["pipeline"]),
        int(saved["key_groups"]),
        {
            key: Remembered(part["made_for"], int(part["begun"]), part.get("words", {}))
            for key, part in saved["parts"].items()
        },
        {key: int(number) for key, number in saved["partitions"].items()},
    )


def _wrong(path: Path, what: str) -> UserMistake:
    return UserMistake(
        f"saved state: {path}: {what}; put back a copy of the whole recovery directory, or start"
        " with an empty one"
    )
