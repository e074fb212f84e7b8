"""What a run has left beside what it must leave."""

import base64
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from benchmarks.poisoned.topic import Poisoned, Value
from benchmarks.private_copy import PrivateCopy
from benchmarks.truth import judge, left_in
from benchmarks.window_rows import Row, RowKey
from tidegauge.payloads import MOST_BYTES

_EXAMPLES = 3


@dataclass
class Verdict:
    """Whether all that was refused is in the dead letters, and the rest in the results.

    Attributes:
        letters: number of dead letters of each kind in their topic.
        rows: window rows that are as they must be.
        wrong: what is not as it must be, a line each.
    """

    letters: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.wrong


def examine(copy: PrivateCopy, topic: Poisoned, expected: dict[RowKey, Row]) -> Verdict:
    """Compare what one run over the poisoned topic has left in topics and store.

    Args:
        copy: the pipeline that ran, once.
        topic: what it read.
        expected: the final window rows.
    """
    left = left_in(copy)
    outcome = judge(left, expected)
    verdict = Verdict(rows=outcome.rows.equal)
    for name, rows in (("stored", outcome.rows), ("sent", outcome.sent)):
        if not rows.same:
            verdict.wrong.append(
                f"window rows {name}: {rows.different} different, {rows.missing} missing,"
                f" {rows.extra} extra: {'; '.join(rows.examples[:_EXAMPLES])}"
            )
    if outcome.doubled:
        verdict.wrong.append(f"{outcome.doubled} records more than once")
    verdict.letters = dict(Counter(str(one["kind"]) for one in left.dead_letters))
    for name, letters in (("topic", left.dead_letters), ("store", copy.records("dead_letters"))):
        verdict.wrong += [f"dead letters, {name}: {one}" for one in _differences(letters, topic)]
    return verdict


def _differences(letters: list[dict[str, Any]], topic: Poisoned) -> list[str]:
    found = {(int(one["partition"]), int(one["offset"])): one for one in letters}
    told = [f"{len(letters) - len(found)} more than once"] if len(found) < len(letters) else []
    missing, extra = topic.refused.keys() - found.keys(), found.keys() - topic.refused.keys()
    told += [f"{len(missing)} missing: {sorted(missing)[:_EXAMPLES]}"] if missing else []
    told += [f"{len(extra)} extra: {sorted(extra)[:_EXAMPLES]}"] if extra else []
    wrong = [
        place
        for place, (kind, value) in topic.refused.items()
        if place in found and not _right(found[place], kind, value)
    ]
    told += [f"{len(wrong)} with another kind or payload: {wrong[:_EXAMPLES]}"] if wrong else []
    return told


def _right(letter: dict[str, Any], kind: str, value: Value) -> bool:
    return bool(
        letter["kind"] == kind
        and letter["reason"]
        and letter["size"] == (None if value is None else len(value))
        and _payload(letter) == (None if value is None else value[:MOST_BYTES])
    )


def _payload(letter: dict[str, Any]) -> Value:
    text: str | None = letter["payload"]
    if text is None:
        return None
    return base64.b64decode(text) if letter["encoding"] == "base64" else text.encode()
