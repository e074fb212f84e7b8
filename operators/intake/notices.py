"""What a person is told of a source while it is read, each thing once."""

from collections.abc import Callable

Tell = Callable[[str], None]


class Notices:
    """Tells of a source, in each process once for each subject.

    Args:
        tell: gets a line.
    """

    def __init__(self, tell: Tell = lambda _: None) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def tell(self, line: str) -> None:
        """Tell a line."""
        self._tell(line)

    def once(self, subject: str, line: str) -> None:
        """Tell a line unless one about the subject was told before."""
        if subject not in self._told:
            self._told.add(subject)
            self._tell(line)
