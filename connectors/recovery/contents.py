"""What a recovery directory holds, told without running anything of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import xxhash

from connectors.recovery.inert import Inert, found_in, read_inert, size_of
from connectors.recovery.integrity import fault
from connectors.recovery.remembered import FILE, read_definitions
from connectors.recovery.store import (
    PARTITIONS,
    RecoveryStore,
    Snapshot,
    opened,
    partition_files,
)
from tidegauge.errors import Reject, UserMistake

PIECES = "pieces"
"""Folder of the pieces in the directory; below it one a step, then one a key group."""
_MARK = "#"
UNFIT = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of state that is none of any step."""
_TRIES = 5
"""How often a directory is looked at that changes meanwhile."""
_COUNTS = ("read", "on_time", "corrections", "filtered", "dead_lettered", "late")
_PARTS = {
    "windows": "window",
    "anomalies": "anomaly",
    "alerts": "alert",
    "patterns": "pattern",
    "forecasts": "forecast",
}
"""Entries of a snapshot by the kind of part they hold, by name."""


@dataclass(frozen=True, slots=True)
class PartitionPosition:
    """How far a partition of a source was read.

    Attributes:
        step: the step that reads it, such as `read_payments`.
        partition: topic and number.
        offset: the next offset to read.
        version: of the saved position.
        highest_event_ns: highest event time so far; None for none.
        counts: what became of the messages so far.
    """

    step: str
    partition: str
    offset: int
    version: int | None
    highest_event_ns: int | None
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GroupState:
    """What is saved of one key group of a step, or of one part of it.

    Attributes:
        step: the step.
        group: the key group.
        part: such as `window:spend`; empty for the whole step.
        begun: how often the part began anew.
        version: of the saved state; None where it has none.
        watermark_ns: of the key group; None where it has none, or no event has come.
        bytes: about how much is saved of it in the snapshot.
        pieces: how many pieces of it are in files.
        piece_bytes: how much there is in these.
    """

    step: str
    group: str
    part: str = ""
    begun: int = 0
    version: int | None = None
    watermark_ns: int | None = None
    bytes: int = 0
    pieces: int = 0
    piece_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Contents:
    """What a start would go on from.

    Attributes:
        folder: the directory.
        pipeline: name of its pipeline, where the directory remembers it.
        execution: number of the last run; None where there was none.
        workers: how many workers that had.
        epoch: the first epoch that would be run again.
        positions: of every source partition.
        groups: what is saved of every key group, by step and by part.
        problems: what is missing or cannot be read; a line each.
    """

    folder: str
    pipeline: str | None
    execution: int | None
    workers: int
    epoch: int
    positions: list[PartitionPosition] = field(default_factory=list)
    groups: list[GroupState] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return asdict(self)


def read_contents(folder: Path) -> Contents:
    """Look into a recovery directory, also while a flow writes it.

    Raises:
        UserMistake: it is none.
    """
    problems: list[str] = []
    pipeline = _pipeline(folder, problems)
    if not list(folder.glob(PARTITIONS)) and (folder / FILE).exists():
        problems.append("there are no recovery partitions")
    else:
        files = partition_files(folder)
        problems.extend(f"{file.name} {why}" for file in files if (why := fault(file)))
    if problems:
        return Contents(str(folder), pipeline, None, 0, 0, problems=problems)
    for _ in range(_TRIES):
        with opened(folder) as store:
            found = contents_of(store, folder, pipeline)
        with opened(folder) as store:
            # Pieces are written over while the flow goes on.
            if not found.problems or store.moment().epoch == found.epoch:
                break
    return found


def _pipeline(folder: Path, problems: list[str]) -> str | None:
    try:
        remembered = read_definitions(folder)
    except UserMistake as mistake:
        problems.append(str(mistake))
        return None
    return remembered.pipeline if remembered else None


def contents_of(store: RecoveryStore, folder: Path, pipeline: str | None) -> Contents:
    """What is in opened partitions."""
    moment = store.moment()
    found = Contents(str(folder), pipeline, moment.execution, moment.workers, moment.epoch)
    found.problems.extend(f"recovery partition {one} is missing" for one in store.missing())
    if not store.of_one_moment():
        found.problems.append(
            f"a partition has forgotten what comes before epoch {store.committed()}, which is after"
            f" {moment.epoch}: the files are not of one moment"
        )
    for saved in store.snapshots(moment.epoch):
        if saved.data is None:
            continue
        try:
            _look_at(saved, read_inert(saved.data), found)
        except Reject as error:
            found.problems.append(f"{saved.step} {saved.key}: {error}")
        except UNFIT as error:
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
            found.problems.append(f"{saved.step} {saved.key}: does not fit ({reason})")
    found.positions.sort(key=lambda one: (one.step, one.partition))
    found.groups.sort(key=lambda one: (one.step, one.group, one.part))
    return found


def _look_at(saved: Snapshot, value: Any, found: Contents) -> None:
    step = saved.step.partition(".")[2]
    position = _position(step, saved.key, value)
    if position is not None:
        found.positions.append(position)
        topic = saved.key.rpartition("-")[0]
        adopted = ((f"{topic}-{number}", one) for number, one in _adopted(value))
        others = (_position(step, key, one) for key, one in adopted)
        found.positions.extend(one for one in others if one is not None)
    elif isinstance(value, dict) and isinstance(value.get("version"), int):
        version, at = value["version"], _watermark(value.get("watermark"))
        sizes = _sizes(value)
        group = GroupState(step, saved.key, "", 0, version, at, len(saved.data or b""), *sizes)
        found.groups.append(group)
        for entry, kind in _PARTS.items():
            for name, part in _named(value.get(entry)):
                plain, _, begun = name.partition(_MARK)
                about = f"{kind}:{plain}", int(begun or 0), version, at, size_of(part)
                found.groups.append(GroupState(step, saved.key, *about, *_sizes(part)))
        found.problems.extend(missing_pieces(Path(found.folder), saved, value))


def _named(parts: Any) -> list[tuple[str, Any]]:
    return [(str(name), one) for name, one in parts.items()] if isinstance(parts, dict) else []


def _position(step: str, key: str, value: Any) -> PartitionPosition | None:
    """A saved position of any of our sources."""
    fields = value.parts if isinstance(value, Inert) else value
    if not isinstance(fields, list | tuple) or not fields or not isinstance(fields[0], int):
        return None
    version = next((one for one in fields[1:] if isinstance(one, int)), None)
    intake = next((one for one in fields if isinstance(one, Inert)), None)
    high_ns, counts = None, dict[str, int]()
    if intake is not None and intake.parts:
        high_ns = intake.parts[0]
        counted = next((one for one in intake.parts if isinstance(one, Inert)), None)
        if counted is not None:
            counts = dict(zip(_COUNTS, counted.parts, strict=False))
    return PartitionPosition(step, key, fields[0], version, _time(high_ns), counts)


def _adopted(value: Any) -> list[tuple[Any, Any]]:
    """Saved positions of the partitions that a part has adopted, by number."""
    if not isinstance(value, Inert):
        return []
    return [item for one in value.parts if isinstance(one, dict) for item in one.items()]


def _watermark(saved: Any) -> int | None:
    """The watermark of a step: its own, or the least of several sources."""
    if not isinstance(saved, dict):
        return None
    if "value_ns" in saved:
        return _time(saved["value_ns"])
    values = [one["value_ns"] for one in saved.values() if isinstance(one, dict)]
    return _time(min(values)) if values else None


def _time(value: Any) -> int | None:
    """An event time; none before any event, or after all."""
    return value if isinstance(value, int) and abs(value) < 2**63 - 2 else None


def _sizes(value: Any) -> tuple[int, int]:
    sizes = [place.parts[2] for place in found_in(value, "Place")]
    return len(sizes), sum(sizes)


def missing_pieces(folder: Path, saved: Snapshot, value: Any) -> list[str]:
    """Pieces that a snapshot names and that are not in their files as it does; a line a file."""
    lines = {}
    for path, offset, size, digest in places(folder, saved, value):
        try:
            data = piece(path, offset, size)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            what = "is missing" if missing else f"cannot be read ({error.strerror})"
        else:
            if xxhash.xxh3_64_intdigest(data) == digest:
                continue
            what = "is too short" if len(data) < size else "is damaged (its digest is another)"
        lines[path] = f"{path} {what}: {saved.step} {saved.key} needs it"
    return list(lines.values())


def piece(path: Path, offset: int, size: int) -> bytes:
    """The bytes of a piece; fewer where its file is shorter.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(size)


def places(folder: Path, saved: Snapshot, value: Any) -> list[tuple[Path, int, int, int]]:
    """File, offset, size and digest of each piece that a snapshot names."""
    shelf = folder / PIECES / saved.step.rpartition(".")[0] / saved.key
    return [
        (shelf / f"{number:06}", offset, size, digest)
        for number, offset, size, digest in (one.parts for one in found_in(value, "Place"))
    ]
