"""What a pattern is (`tidegauge.patterns.pattern`), for those who run one."""

from tidegauge.patterns.pattern import (
    NO_SKIP,
    ONCE,
    Absence,
    Contiguity,
    Group,
    Item,
    Pattern,
    Quantifier,
    Sequence,
    Skip,
    SkipTo,
    Step,
    step_names,
    steps_of,
)

__all__ = [
    "NO_SKIP",
    "ONCE",
    "Absence",
    "Contiguity",
    "Group",
    "Item",
    "Pattern",
    "Quantifier",
    "Sequence",
    "Skip",
    "SkipTo",
    "Step",
    "step_names",
    "steps_of",
]
