"""Conditions of steps (`tidegauge.patterns.condition`), for those who run patterns."""

from tidegauge.patterns.condition import (
    ALWAYS,
    Always,
    Condition,
    Event,
    EventTest,
    RunTest,
    Sql,
    Taken,
)

__all__ = ["ALWAYS", "Always", "Condition", "Event", "EventTest", "RunTest", "Sql", "Taken"]
