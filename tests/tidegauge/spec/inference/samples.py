"""Samples of topics, made up."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tidegauge.batch import RawBatch
from tidegauge.spec.inference.sample import Sample, read_objects

NOON_MS = 1_736_942_400_000
"""Noon of 2025-01-15: when all made-up records were appended."""


def raw(payloads: Sequence[bytes | None], appended_ms: int = NOON_MS) -> RawBatch:
    """Messages of a partition, from offset 0."""
    return RawBatch(list(payloads), range(len(payloads)), [appended_ms] * len(payloads))


def sample_of(*partitions: Sequence[Mapping[str, Any]]) -> Sample:
    """JSON objects of some partitions."""
    messages = ([json.dumps(value).encode() for value in objects] for objects in partitions)
    return read_objects({number: raw(payloads) for number, payloads in enumerate(messages)})
