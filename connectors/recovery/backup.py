"""A copy of a recovery directory that a start can go on from, made while the flow runs or not."""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import xxhash

from connectors.recovery.contents import PIECES, UNFIT, piece, places
from connectors.recovery.inert import read_inert
from connectors.recovery.remembered import FILE
from connectors.recovery.store import Moment, RecoveryStore, opened
from tidegauge.errors import Reject, UserMistake
from tidegauge.private import FOLDER_MODE, open_private, private_folder

TRY_FOR_S = 30.0


class _MovedOnError(Exception):
    """The flow saved meanwhile, so that what was read is not of one moment."""


def back_up(
    folder: Path,
    target: Path,
    try_for_s: float = TRY_FOR_S,
    monotonic: Callable[[], float] = time.monotonic,
) -> Moment:
    """Copy a recovery directory.

    The partitions are read in transactions that begin within one epoch, so nothing that the flow
    writes afterwards is seen and it never waits. Pieces are written over two epochs after they are
    of no use: where that was faster than the copy, it is made again.

    Args:
        folder: the directory.
        target: where the copy goes; a folder that is not there, or empty.
        try_for_s: how long to try.
        monotonic: clock.

    Returns:
        where a start from the copy goes on.

    Raises:
        UserMistake: `folder` is none, `target` cannot be used, or the flow was always faster.
    """
    _require_empty(folder, target)
    deadline = monotonic() + try_for_s
    while True:
        try:
            return _copied(folder, target)
        except _MovedOnError as reason:
            _emptied(target)
            if monotonic() > deadline:
                raise UserMistake(
                    f"{folder}: {reason} for {try_for_s:g} s; let the flow keep saved states for"
                    " longer than a copy takes (-b SECONDS), or end it first"
                ) from None
        except sqlite3.Error as error:
            _emptied(target)
            raise UserMistake(f"{folder}: cannot be copied ({error})") from None
        except OSError as error:
            _emptied(target)
            raise UserMistake(f"{target}: cannot be written: {error.strerror}") from None


def _copied(folder: Path, target: Path) -> Moment:
    with opened(folder) as before:
        expected = before.moment()
    with opened(folder) as store:
        moment = store.moment()
        # What was saved everywhere before these transactions began is seen in all of them.
        if moment != expected or store.committed() > moment.epoch:
            raise _MovedOnError("the flow went on to another epoch while the copy began")
        if lost := store.missing():
            raise UserMistake(f"{folder}: recovery partition {lost[0]} is missing")
        _copy_pieces(store, moment, folder, target)
        for name, connection in store.connections.items():
            # SQLite makes the files beside it as private as it is.
            os.close(open_private(target / name, os.O_RDWR))
            with closing(sqlite3.connect(target / name)) as copy:
                connection.backup(copy)
        if (folder / FILE).is_file():
            _copy_file(folder / FILE, target / FILE)
    return moment


def _copy_pieces(store: RecoveryStore, moment: Moment, folder: Path, target: Path) -> None:
    wanted = []
    for saved in store.snapshots(moment.epoch):
        if saved.data is not None:
            try:
                wanted += places(folder, saved, read_inert(saved.data))
            except Reject as error:
                raise UserMistake(f"{folder}: {saved.step} {saved.key}: {error}") from None
            except UNFIT as error:
                raise UserMistake(
                    f"{folder}: {saved.step} {saved.key}: does not fit ({type(error).__name__})"
                ) from None
    for path in dict.fromkeys(path for path, *_ in wanted):
        copy = target / path.relative_to(folder)
        private_folder(copy.parent, parents=True)
        try:
            _copy_file(path, copy)
        except FileNotFoundError:
            raise _MovedOnError(f"{path} was gone before it was copied") from None
    for path, offset, size, digest in wanted:
        data = piece(target / path.relative_to(folder), offset, size)
        if xxhash.xxh3_64_intdigest(data) != digest:
            raise _MovedOnError(f"{path} was written over before it was copied")


def _copy_file(path: Path, copy: Path) -> None:
    """Copy a file that only its owner can read afterwards; a symbolic link is not followed."""
    with (
        open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as old,  # noqa: PTH123 - a descriptor
        open(open_private(copy, os.O_WRONLY), "wb") as new,  # noqa: PTH123 - as above
    ):
        shutil.copyfileobj(old, new)


def _require_empty(folder: Path, target: Path) -> None:
    try:
        private_folder(target, parents=True)
        target.chmod(FOLDER_MODE)
        if any(target.iterdir()):
            raise UserMistake(f"{target}: is not empty; name a folder that is new")
    except OSError as error:
        raise UserMistake(f"{target}: cannot be made: {error.strerror}") from None
    if target.resolve().is_relative_to((folder / PIECES).resolve()):
        raise UserMistake(f"{target}: lies within the pieces of {folder}; name another folder")


def _emptied(target: Path) -> None:
    for entry in target.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
