"""Parts of a saved state that do not change any more: saved once, named in every snapshot after."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tidegauge.savedstate import saved_type


@saved_type
@dataclass(frozen=True, slots=True)
class Place:
    """Where a piece is kept, and what must be found there.

    Attributes:
        file: number of the file in its shelf.
        offset: first byte.
        size: number of bytes.
        digest: XXH3 of them.
    """

    file: int
    offset: int
    size: int
    digest: int


@saved_type
class Piece:
    """Content that never changes, from now on.

    A state that returns the same piece in its next snapshot says by this that nothing in it is new.
    Once kept in a file (`operators.keygroups.shelf`) a piece is saved as its place and lets go of
    its content; until then it is saved whole.

    Attributes:
        place: where it is kept, if it is.
    """

    __slots__ = ("_content", "place")

    def __init__(self, content: Any, place: Place | None = None) -> None:
        self._content = content
        self.place = place

    @property
    def content(self) -> Any:
        """The content; None once it is kept elsewhere."""
        return self._content

    def keep(self, place: Place) -> None:
        """The content is there now."""
        self.place, self._content = place, None

    def bring(self, content: Any) -> None:
        """The content was read from its place."""
        self._content = content

    def take(self) -> Any:
        """The content, for the one who owns it from now on."""
        content = self._content
        if self.place is not None:
            self._content = None
        return content

    def saved(self) -> tuple[Any, Place | None]:
        """What makes it again."""
        return None if self.place is not None else self._content, self.place

    def __reduce__(self) -> tuple[type, tuple[Any, Place | None]]:
        """For who pickles it: a flow of one's own that is not sealed."""
        return type(self), self.saved()


def pieces_in(state: Any) -> Iterator[Piece]:
    """All pieces in the dictionaries, lists and tuples of a snapshot, in their order."""
    if isinstance(state, Piece):
        yield state
    elif isinstance(state, dict):
        for value in state.values():
            yield from pieces_in(value)
    elif isinstance(state, list | tuple):
        for value in state:
            yield from pieces_in(value)
