"""Parts of a window that are put together at once and merged later."""

from collections.abc import Callable

from operators.windows.part import Part, concat_parts

MERGE_ROWS = 4_096
"""Fewer rows than this are never merged for their number."""
_MOST_FRAMES = 64


class Pile:
    """Parts that come one by one, merged when as many rows came as were there after the last time.

    So a part costs little to add, and the memory is at most about twice that of the merged rows.

    Args:
        merge: what makes fewer rows of some, without changing what they amount to.
    """

    def __init__(self, merge: Callable[[Part], Part]) -> None:
        self._merge = merge
        self._parts: list[Part] = []
        self._height = 0
        self._merged_height = 0

    def __len__(self) -> int:
        return self._height

    def add(self, part: Part) -> None:
        """Put a part in."""
        if not part.rows.height:
            return
        self._parts.append(part)
        self._height += part.rows.height
        if self._height > 2 * self._merged_height + MERGE_ROWS:
            self.replace(self._merge(concat_parts(self._parts)))
        elif len(self._parts) > _MOST_FRAMES:
            self._parts = [concat_parts(self._parts)]

    def all(self) -> Part | None:
        """All rows, not necessarily merged; None when there are none."""
        if len(self._parts) > 1:
            self._parts = [concat_parts(self._parts)]
        return self._parts[0] if self._parts else None

    def merged(self) -> Part | None:
        """All rows, merged; None when there are none."""
        held = self.all()
        if held is not None and self._height > self._merged_height:
            held = self._merge(held)
            self.replace(held)
        return held

    def replace(self, part: Part | None) -> None:
        """Hold this instead: as little as it can be, as far as the next merge is concerned."""
        self._parts = [part] if part is not None and part.rows.height else []
        self._height = self._merged_height = part.rows.height if self._parts and part else 0
