"""The cache of servers: whole or not there."""

from pathlib import Path

import pytest

from tests.services import cache
from tests.services.errors import ServerUnavailableError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def _make(folder: Path) -> None:
    (folder / "server").write_text("binary")


def test_a_server_is_made_once() -> None:
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        _make(folder)

    assert (cache.get("tide-1", make) / "server").read_text() == "binary"
    assert (cache.get("tide-1", make) / "server").read_text() == "binary"
    assert len(made) == 1


def test_a_server_that_could_not_be_made_leaves_nothing() -> None:
    def fail(folder: Path) -> None:
        _make(folder)
        raise ServerUnavailableError

    with pytest.raises(ServerUnavailableError):
        cache.get("tide-1", fail)
    assert cache.cached("tide-1") is None
    assert [path.name for path in cache.root().iterdir()] == [".tide-1.lock"]


def test_a_server_that_is_needed_and_not_there_is_named() -> None:
    with pytest.raises(ServerUnavailableError, match="tide-1 is not in"):
        cache.need("tide-1")
