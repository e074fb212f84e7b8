"""Patterns that become others while a flow runs: from an event time on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidegauge.spec.models import Pattern, Pipeline


@dataclass(frozen=True, slots=True)
class PatternChange:
    """The patterns of a pipeline are others from an event time on.

    Attributes:
        patterns: all of them, as JSON of what the file has under `patterns`.
        replaced: digest of the patterns in the file of the flow (`patterns_digest`); where the file
            has others, the change does not count.
        effective_ns: event time from which on it counts.
        changed_ns: wall clock when it was made; decides between changes that count from the same
            time on.
    """

    patterns: str
    replaced: str
    effective_ns: int
    changed_ns: int

    @property
    def order(self) -> tuple[int, int]:
        """Changes count in this order."""
        return self.effective_ns, self.changed_ns


def patterns_digest(pipeline: Pipeline) -> str:
    """The same text for the same patterns."""
    declared = {name: one.model_dump(mode="json") for name, one in pipeline.patterns.items()}
    text = json.dumps(declared, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def with_patterns(pipeline: Pipeline, declared: Mapping[str, Any]) -> Pipeline:
    """The pipeline with other patterns.

    Args:
        pipeline: the pipeline.
        declared: what a file has under `patterns`.

    Raises:
        ValueError: they are not what a file can have there.
    """
    patterns = {name: Pattern.model_validate(one) for name, one in declared.items()}
    return pipeline.model_copy(update={"patterns": patterns})
