"""Where the pieces of saved states are kept: files beside the engine's recovery partitions.

The engine saves one value for each key and epoch. A key group is touched in every epoch, so all
that it holds would be written again and again; pieces are written once, and the value names them.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import xxhash

from operators.keygroups.begun import NEVER, Begun
from operators.keygroups.pieces import Piece, Place, pieces_in
from tidegauge.errors import Reject, Stop, UserMistake
from tidegauge.private import open_private, private_folder
from tidegauge.savedstate import dumps, loads

FOLDER = "pieces"
"""Name of the folder in the recovery directory."""
INLINE_BELOW = 65_536
"""A piece of fewer bytes stays in the snapshot; a file would cost more."""
_KEPT_TURNS = 2
"""A file is used again at the second snapshot after the last that named it: the engine begins an
epoch when the one before is saved everywhere, so nobody can resume from that last one any more."""
_SPARE_FILES = 4
"""Files held ready to be written over: that is ten times as fast as making new ones."""


@dataclass(frozen=True, slots=True)
class Saving:
    """What becomes of the snapshots of a flow.

    Attributes:
        wanted: whether the engine keeps them at all.
        folder: where pieces are kept; None leaves them in the snapshots.
        keep_ns: how long a snapshot can be resumed from after newer ones were saved.
        begun: which parts of the state began anew.
    """

    wanted: bool = True
    folder: Path | None = None
    keep_ns: int = 0
    begun: Begun = NEVER

    def shelf(self, *names: str) -> "Shelf | None":
        """The shelf with these names, unique in the flow; None where pieces stay in snapshots."""
        return Shelf(self.folder.joinpath(*names), self.keep_ns) if self.folder else None


IN_SNAPSHOTS = Saving()
"""Everything is in the snapshots: right wherever the flow runs."""
NOT_SAVED = Saving(wanted=False)
"""The flow runs without a recovery directory: no snapshot is made."""


class _Retired(NamedTuple):
    file: int
    turn: int
    at_ns: int


class Shelf:
    """Files with the pieces of one owner: those that are new in a snapshot together in one file.

    A file is written and flushed to the disk before the snapshot that names it is returned. It is
    written over when no snapshot that could still be resumed from names it.

    Args:
        folder: of this owner alone; made when the first piece is kept.
        keep_ns: see `Saving`.
    """

    def __init__(self, folder: Path, keep_ns: int) -> None:
        self._folder = folder
        self._keep_ns = keep_ns
        self._turn = 0
        self._named: set[int] = set()
        self._retired: list[_Retired] = []
        self._spare: list[int] | None = None

    def save(self, state: dict[str, Any], now_ns: int) -> dict[str, Any]:
        """Keep the pieces of a snapshot that are not kept yet, if they are large.

        Returns:
            what `load` needs beside the snapshot.

        Raises:
            Stop: they cannot be written.
        """
        self._turn += 1
        pieces = list(pieces_in(state))
        self._write([piece for piece in pieces if piece.place is None], now_ns)
        named = {piece.place.file for piece in pieces if piece.place is not None}
        gone = sorted(self._named - named)
        self._retired += [_Retired(file, self._turn, now_ns) for file in gone]
        self._named = named
        return {"turn": self._turn, "retired": [tuple(one) for one in self._retired]}

    def load(self, saved: dict[str, Any], state: dict[str, Any]) -> None:
        """Bring the content of all pieces of a snapshot, and go on from what `save` returned.

        Raises:
            UserMistake: a piece is missing or damaged.
        """
        self._turn = saved["turn"]
        self._retired = [_Retired(*one) for one in saved["retired"]]
        for piece in pieces_in(state):
            if piece.place is not None:
                self._named.add(piece.place.file)
                piece.bring(self._read(piece.place))

    def _write(self, pieces: Sequence[Piece], now_ns: int) -> None:
        found = [(piece, dumps(piece.content)) for piece in pieces]
        large = [(piece, data) for piece, data in found if len(data) >= INLINE_BELOW]
        if not large:
            return
        try:
            self._fill(self._free(now_ns), large)
        except OSError as error:
            raise _unsaved(self._folder, error) from None

    def _fill(self, file: int, large: Sequence[tuple[Piece, bytes]]) -> None:
        descriptor = open_private(self._path(file), os.O_WRONLY)
        try:
            offset = 0
            for piece, data in large:
                _write_all(descriptor, data)
                piece.keep(Place(file, offset, len(data), xxhash.xxh3_64_intdigest(data)))
                offset += len(data)
            os.ftruncate(descriptor, offset)
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def _free(self, now_ns: int) -> int:
        """Number of a file that may be written, removing those that are too many."""
        if self._spare is None:
            self._spare = self._unknown()
        ready = [one for one in self._retired if self._over(one, now_ns)]
        self._retired = [one for one in self._retired if one not in ready]
        self._spare += [one.file for one in ready]
        for file in self._spare[_SPARE_FILES:]:
            self._path(file).unlink(missing_ok=True)
        del self._spare[_SPARE_FILES:]
        if self._spare:
            return self._spare.pop(0)
        taken = self._named | {one.file for one in self._retired}
        file = next(number for number in range(len(taken) + 1) if number not in taken)
        os.close(open_private(self._path(file), os.O_WRONLY))
        _flush_folder(self._folder)
        return file

    def _over(self, retired: _Retired, now_ns: int) -> bool:
        turns, age_ns = self._turn - retired.turn, now_ns - retired.at_ns
        return turns >= _KEPT_TURNS and age_ns >= self._keep_ns

    def _unknown(self) -> list[int]:
        """Files that no snapshot names: of runs that were killed before one was saved."""
        private_folder(self._folder, parents=True)
        found = {int(path.name) for path in self._folder.iterdir() if path.name.isdecimal()}
        return sorted(found - self._named - {one.file for one in self._retired})

    def _read(self, place: Place) -> Any:
        path = self._path(place.file)
        try:
            with path.open("rb") as file:
                file.seek(place.offset)
                data = file.read(place.size)
        except OSError as error:
            raise _lost(path, error.strerror or type(error).__name__) from None
        if xxhash.xxh3_64_intdigest(data) != place.digest:
            raise _lost(path, "holds something else")
        try:
            return loads(data)
        except Reject as reject:
            raise _lost(path, reject.reason) from None

    def _path(self, file: int) -> Path:
        return self._folder / f"{file:06}"


def _lost(path: Path, why: str) -> UserMistake:
    return UserMistake(
        f"saved state: {path}: {why}; put back a copy of the whole recovery directory, or start"
        " with an empty one"
    )


def _unsaved(folder: Path, error: OSError) -> Stop:
    return Stop(
        f"recovery directory: state was not saved in {folder} ({error.strerror or error}): make"
        " room on its disk, or give the right to write there, and start again; the flow goes on"
        " from what was saved last"
    )


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
