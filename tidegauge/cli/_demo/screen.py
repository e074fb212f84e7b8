"""What a person sees while the demo runs: progress, and alerts as they come."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from dataflows.simulation.truth import Truth
from tidegauge.cli._demo.records import Firing

_EVERY_S = 10.0
_NS = 1_000_000_000


class Screen:
    """Progress and alerts, each with ✓ when an injected fault explains it, else with ✗.

    Where there is no terminal, progress is a line every ten seconds.

    Args:
        console: where to.
        seconds: how long the stream runs.
    """

    def __init__(self, console: Console, seconds: int) -> None:
        self._console = console
        self._seconds = seconds
        self._next_line_s = _EVERY_S
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f} of {task.total:.0f} s  {task.fields[counts]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def say(self, text: str) -> None:
        """A line of text."""
        self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def progress(self) -> Iterator[None]:
        """Show progress meanwhile."""
        with self._progress:
            self._task = self._progress.add_task("streaming", total=self._seconds, counts="")
            yield

    def advance(self, elapsed_s: float, events: int, windows: int) -> None:
        """Show how far the stream is."""
        elapsed_s = min(elapsed_s, self._seconds)
        counts = f"{events:,} events  {windows:,} windows"
        if self._task is not None:
            self._progress.update(self._task, completed=elapsed_s, counts=counts)
        if not self._console.is_terminal and elapsed_s >= self._next_line_s:
            self._next_line_s += _EVERY_S
            self.say(f"  {elapsed_s:.0f} of {self._seconds} s: {counts}")

    def alert(self, firing: Firing, cause: Truth | None) -> None:
        """An alert that has begun to fire, and the fault it belongs to."""
        moment = datetime.fromtimestamp(firing.start_ns / _NS, UTC).strftime("%H:%M:%S")
        style = "bold red" if firing.level > 7 else "yellow" if firing.level == 7 else "cyan"
        line = Text(f"{'✗' if cause is None else '✓'} {moment} ")
        line.append(f"{firing.level:>2} {firing.alert:<12} ", style)
        self._console.print(line.append(firing.summary))
