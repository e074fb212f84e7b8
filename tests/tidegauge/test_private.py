"""Files that nobody else can read or write, and folders that are refused where others can."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegauge.errors import UserMistake
from tidegauge.private import (
    make_private,
    open_private,
    private_folder,
    private_umask,
    require_private,
)

ROOT = os.geteuid() == 0
OTHER = 54_321


@pytest.fixture(params=[0, 0o022, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """Any umask."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_made_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    private_folder(tmp_path / "a" / "b", parents=True)
    os.close(open_private(tmp_path / "a" / "b" / "c", os.O_WRONLY))
    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "b") == 0o700
    assert mode(tmp_path / "a" / "b" / "c") == 0o600
    with private_umask():
        (tmp_path / "d").touch()
    assert mode(tmp_path / "d") == 0o600
    assert os.umask(umask) == umask


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        open_private(tmp_path / "lock", os.O_RDWR)
    assert not (tmp_path / "victim").exists()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that is right."""
    made = tmp_path / "state"
    private_folder(made / "pieces" / "g", parents=True)
    os.close(open_private(made / "pieces" / "g" / "000000", os.O_WRONLY))
    require_private("recovery directory", made)
    return made


def refused(folder: Path) -> str:
    with pytest.raises(UserMistake) as error:
        require_private("recovery directory", folder)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"recovery directory {folder}: ")
    return line.removeprefix(f"recovery directory {folder}: ")


@pytest.mark.parametrize("name", ["", "pieces", "pieces/g", "pieces/g/000000"])
@pytest.mark.parametrize(("bit", "who"), [(0o002, "every user"), (0o020, "group ")])
def test_what_others_may_write_is_refused(folder: Path, name: str, bit: int, who: str) -> None:
    path = folder / name
    path.chmod(mode(path) | bit)
    line = refused(folder)
    assert line.startswith(who)
    assert f"of this machine may write {name or 'it'}; if none of them has, take" in line
    assert line.endswith(f"chmod -R go-rwx {folder}")


@pytest.mark.skipif(not ROOT, reason="files are given to others by root only")
@pytest.mark.parametrize("name", ["", "pieces", "pieces/g/000000"])
def test_what_belongs_to_another_is_refused(folder: Path, name: str) -> None:
    os.chown(folder / name, OTHER, -1)
    line = refused(folder)
    assert line.startswith(f"{name or 'it'} belongs to user {OTHER}, who could write into it")
    assert line.endswith(f"chown -R 0 {folder}")


@pytest.mark.parametrize("kind", ["link", "dangling link", "pipe"])
def test_what_is_neither_file_nor_folder_is_refused(folder: Path, kind: str) -> None:
    path = folder / "pieces" / "g" / "000001"
    match kind:
        case "link":
            path.symlink_to(folder / "pieces" / "g" / "000000")
        case "dangling link":
            path.symlink_to("/nowhere")
        case _:
            os.mkfifo(path)
    what = "pipe" if kind == "pipe" else "symbolic link"
    assert refused(folder).startswith(
        f"pieces/g/000001 is a {what} and neither a file nor a folder"
    )


def test_a_folder_whose_parent_others_may_write_is_refused(folder: Path) -> None:
    parent = folder.parent
    parent.chmod(0o757)
    assert f"every user of this machine may write {parent}, and so put another" in refused(folder)
    parent.chmod(0o1757)
    require_private("recovery directory", folder)


@pytest.mark.skipif(not ROOT, reason="files are given to others by root only")
def test_a_folder_whose_parent_belongs_to_another_is_refused(folder: Path) -> None:
    os.chown(folder.parent, OTHER, -1)
    assert f"{folder.parent}, where it lies, belongs to user {OTHER}" in refused(folder)


def test_a_link_to_it_may_lie_where_others_cannot_write_only(folder: Path) -> None:
    open_to_all = folder.parent / "open"
    open_to_all.mkdir()
    (open_to_all / "link").symlink_to(folder)
    require_private("recovery directory", open_to_all / "link")
    open_to_all.chmod(0o777)
    assert f"may write {open_to_all}, and so put another" in refused(open_to_all / "link")


def test_what_others_may_read_is_taken_from_them(folder: Path) -> None:
    file = folder / "pieces" / "g" / "000000"
    folder.chmod(0o755)
    file.chmod(0o644)
    require_private("recovery directory", folder)
    make_private([folder, file, folder / "gone"])
    assert (mode(folder), mode(file)) == (0o700, 0o600)
