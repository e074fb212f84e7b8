"""Files and folders that no other user of the machine can read or write, whatever the umask is."""

import grp
import os
import pwd
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tidegauge.errors import UserMistake

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_OTHERS = 0o077
_WRITE = stat.S_IWGRP | stat.S_IWOTH


def private_folder(folder: Path, *, parents: bool = False) -> None:
    """Make a folder, where it is not there yet.

    Raises:
        OSError: it cannot be made.
    """
    if folder.is_dir():
        return
    if parents and not folder.parent.is_dir():
        private_folder(folder.parent, parents=True)
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        folder.chmod(FOLDER_MODE)


def open_private(path: Path, flags: int) -> int:
    """Open a file, and make it if it is not there; a symbolic link is not followed.

    Returns:
        its descriptor.

    Raises:
        OSError: it cannot be opened.
    """
    made = FILE_MODE
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, made)
    if os.fstat(descriptor).st_size == 0:
        os.fchmod(descriptor, made)
    return descriptor


def make_private_file(path: Path) -> None:
    """Make an empty file where nothing is yet; what is there stays as it is.

    Raises:
        OSError: it cannot be made.
    """
    with suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        os.fchmod(descriptor, FILE_MODE)
        os.close(descriptor)


@contextmanager
def private_umask() -> Iterator[None]:
    """Let what others make meanwhile, in this process, be private; for its start, alone."""
    before = os.umask(_OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def require_private(what: str, folder: Path) -> None:
    """Check owner and mode of a folder, all that is in it, and the folders that it is in.

    Args:
        what: what to call it in a line to a person.
        folder: the folder; where it is a symbolic link, also that which it leads to.

    Raises:
        UserMistake: another user could have written a file, or put another one in its place, or
            there is something that is neither a file nor a folder.
    """
    real = folder.resolve()
    for way in dict.fromkeys((folder.absolute(), real)):
        for parent in way.parents:
            _check_parent(what, folder, parent)
    for path in (real, *_all_in(what, folder, real)):
        _check(what, folder, path)


def make_private(paths: Iterable[Path]) -> None:
    """Take from others what they may do with files and folders of this user."""
    for path in paths:
        try:
            mode = stat.S_IMODE(path.lstat().st_mode)
            if mode & _OTHERS:
                path.chmod(mode & ~_OTHERS)
        except FileNotFoundError:
            continue  # another process of a cluster has removed it


def _all_in(what: str, folder: Path, real: Path) -> Iterator[Path]:
    waiting = [real]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError as error:
            raise UserMistake(
                f"{what} {folder}: {error.filename} cannot be looked into ({error.strerror}); let"
                " this user"
            ) from None
        for entry in entries:
            path = Path(entry.path)
            yield path
            # A folder of others is refused before it is looked into.
            if entry.is_dir(follow_symlinks=False):
                _check(what, folder, path)
                waiting.append(path)


def _check(what: str, folder: Path, path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return  # one process of a cluster removes files while another starts
    name = "it" if path == folder.resolve() else str(path.relative_to(folder.resolve()))
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise UserMistake(
            f"{what} {folder}: {name} is a {_kind(found.st_mode)} and neither a file nor a folder;"
            " remove it"
        )
    if found.st_uid != os.geteuid():
        raise UserMistake(
            f"{what} {folder}: {name} belongs to {_user(found.st_uid)}, who could write into it"
            f" what this flow would read; take it over with: chown -R {os.geteuid()} {folder}"
        )
    if found.st_mode & _WRITE:
        who = "every user" if found.st_mode & stat.S_IWOTH else f"group {_group(found.st_gid)}"
        raise UserMistake(
            f"{what} {folder}: {who} of this machine may write {name}; if none of them has, take"
            f" that back with: chmod -R go-rwx {folder}"
        )


def _check_parent(what: str, folder: Path, parent: Path) -> None:
    """Refuse a folder whose entries others could replace."""
    try:
        found = parent.lstat()
    except OSError:
        return  # whoever opens the folder is told
    if found.st_uid not in (0, os.geteuid()):
        raise UserMistake(
            f"{what} {folder}: {parent}, where it lies, belongs to {_user(found.st_uid)}, who could"
            " put another in its place; use a folder within one of this user or of root"
        )
    if stat.S_ISLNK(found.st_mode) or found.st_mode & stat.S_ISVTX:
        return
    if found.st_mode & stat.S_IWOTH or (found.st_mode & stat.S_IWGRP and _shared(found.st_gid)):
        who = "every user" if found.st_mode & stat.S_IWOTH else f"group {_group(found.st_gid)}"
        raise UserMistake(
            f"{what} {folder}: {who} of this machine may write {parent}, and so put another folder"
            f" in its place; take that back with: chmod go-w {parent}"
        )


def _shared(group: int) -> bool:
    """Whether a user of this machine other than this one and root is known to be in a group."""
    if group == 0:
        return False
    mine = {0, os.geteuid()}
    try:
        named = grp.getgrgid(group).gr_mem
    except KeyError:
        named = []
    of_it = {
        user.pw_uid for user in pwd.getpwall() if user.pw_gid == group or user.pw_name in named
    }
    return bool(of_it - mine)


def _user(number: int) -> str:
    try:
        return f"user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"user {number}"


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "symbolic link",
        stat.S_IFIFO: "pipe",
        stat.S_IFSOCK: "socket",
        stat.S_IFCHR: "device",
        stat.S_IFBLK: "device",
    }
    return kinds.get(stat.S_IFMT(mode), "special file")
