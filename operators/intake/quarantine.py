"""Dead letters of a partition in quarantine: about ranges of offsets, not about each message.

Where too many messages of a partition are refused, whole letters would fill their topic as fast as
the messages come. So one letter tells of all that were refused within a block of offsets. Blocks
are always the same, so every run gives the same letters, whatever the batches.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from operators.intake.dead_letters import Refused
from operators.intake.limit import Span
from tidegauge.batch import RawBatch
from tidegauge.savedstate import saved_type

BLOCK = 1_000
"""Offsets in a block."""
QUARANTINED = "quarantined"
"""Kind of such letters."""


@saved_type
@dataclass(frozen=True, slots=True)
class Held:
    """Saved state: messages of one block that were refused, and of which no letter tells yet.

    Attributes:
        block: number of the block; the first begins at offset 0.
        appended_ms: Kafka timestamp of the first of them.
        first: kind and reason of the first.
        kinds: how many there are of each kind.
        runs: first and last offsets of those that follow each other.
    """

    block: int
    appended_ms: int
    first: str
    kinds: tuple[tuple[str, int], ...]
    runs: tuple[tuple[int, int], ...]
    version: int = 1


class Quarantine:
    """Gathers refused messages of one partition by blocks of offsets.

    Args:
        held: where an earlier run stopped.

    Attributes:
        held: as in the state.
    """

    def __init__(self, held: Held | None) -> None:
        self.held = held

    def take(
        self, raw: RawBatch, refused: Sequence[Refused], spans: Sequence[Span]
    ) -> list[Refused]:
        """Letters of a batch: those outside of the quarantine, and about blocks that are over.

        Args:
            raw: the batch.
            refused: what was refused of it.
            spans: places of the messages in quarantine.
        """
        letters = sorted(refused, key=lambda one: one.offset)
        offsets = [one.offset for one in letters]
        given: list[Refused] = []
        done = 0
        for span in spans:
            begin, end = (
                bisect_left(offsets, raw.offsets[place])
                if place < len(raw.offsets)
                else len(offsets)
                for place in (span.start, span.stop)
            )
            if span.start:
                given += self.close()
            given += letters[done:begin]
            given += self._gather(letters[begin:end])
            if span.ended:
                given += self.close()
            done = end
        if not spans:
            given += self.close()
        given += letters[done:]
        if self.held is not None and raw.offsets[-1] // BLOCK > self.held.block:
            given += self.close()
        return given

    def close(self) -> list[Refused]:
        """The letter about what is held, if anything is."""
        held, self.held = self.held, None
        return [] if held is None else [_letter(held)]

    def _gather(self, letters: Iterable[Refused]) -> list[Refused]:
        given: list[Refused] = []
        for letter in letters:
            block = letter.offset // BLOCK
            if self.held is not None and self.held.block != block:
                given += self.close()
            if self.held is None:
                first = f"{letter.kind}: {letter.reason}"
                self.held = Held(block, letter.appended_ms, first, (), ())
            self.held = _with(self.held, letter)
        return given


def _with(held: Held, letter: Refused) -> Held:
    kinds = dict(held.kinds)
    kinds[letter.kind] = kinds.get(letter.kind, 0) + 1
    *runs, last = held.runs or ((letter.offset, letter.offset - 1),)
    if last[1] + 1 == letter.offset:
        runs.append((last[0], letter.offset))
    else:
        runs += [last, (letter.offset, letter.offset)]
    return Held(held.block, held.appended_ms, held.first, tuple(kinds.items()), tuple(runs))


def _letter(held: Held) -> Refused:
    count = sum(number for _, number in held.kinds)
    kinds = ", ".join(f"{number} {kind}" for kind, number in held.kinds)
    first, last = held.runs[0][0], held.runs[-1][1]
    reason = f"{count} messages of offsets {first} to {last} were refused ({kinds}), the first as"
    detail = {"events": count, "kinds": dict(held.kinds), "offsets": held.runs}
    return Refused(
        QUARANTINED,
        first,
        f"{reason} {held.first}",
        None,
        held.appended_ms,
        json.dumps(detail, separators=(", ", ": ")),
    )
