"""How long the demo runs, with which seed, and where it keeps its data."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

from tidegauge.errors import UserMistake

SHORTEST_S, LONGEST_S = 20, 3_600
LARGEST_SEED = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Options:
    """Choices of a person.

    Attributes:
        seconds: how long the stream runs.
        seed: the same one gives the same readings and faults.
        folder: where the data goes; what an earlier demo left there is removed.
        live: whether there is a live page meanwhile.
    """

    seconds: int
    seed: int
    folder: Path
    live: bool = False

    @property
    def store(self) -> Path:
        """The flow's records."""
        return self.folder / "store.sqlite3"

    @property
    def truth(self) -> Path:
        """The injected faults."""
        return self.folder / "truth.jsonl"

    def log(self, name: str) -> Path:
        """What a process printed."""
        return self.folder / f"{name}.log"


def parse_options(seconds: str, seed: str, folder: Path, *, live: bool = False) -> Options:
    """Options from texts.

    Raises:
        UserMistake: one is no whole number, or out of its range.
    """
    return Options(
        _whole("DEMO_SECONDS", seconds, SHORTEST_S, LONGEST_S, "seconds"),
        _whole("DEMO_SEED", seed, 0, LARGEST_SEED, "as seed"),
        folder,
        live,
    )


def _whole(name: str, text: str, least: int, most: int, what: str) -> int:
    allowed = f"allowed is a whole number from {least} to {most} {what}"
    if not (text.isascii() and text.isdigit()) or not least <= int(text) <= most:
        raise UserMistake(f"{name}={text}: {allowed}")
    return int(text)


@contextmanager
def fresh_folder(options: Options) -> Iterator[None]:
    """The folder, without what an earlier demo left, and for one demo at a time.

    Raises:
        UserMistake: it cannot be used, or another demo is using it.
    """
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
        lock = (options.folder / "lock").open("w")
        flock(lock, LOCK_EX | LOCK_NB)
        for leftover in _leftovers(options):
            leftover.unlink()
    except BlockingIOError:
        raise UserMistake(f"{options.folder}: another demo is running there; let it end") from None
    except OSError as error:
        raise UserMistake(f"{options.folder}: {error.strerror}; name another with --data") from None
    with lock:
        yield


def _leftovers(options: Options) -> Iterator[Path]:
    yield from options.folder.glob(f"{options.store.name}*")
    yield from options.folder.glob(f"{options.truth.stem}.*")
    yield from options.folder.glob("*.log")
