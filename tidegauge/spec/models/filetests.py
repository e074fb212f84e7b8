"""Tests that a pipeline file brings along."""

from pydantic import Field

from tidegauge.spec.models.values import Count, Model, Name


class Expectation(Model):
    """What a test of the file expects; what is left out is not looked at."""

    alerts: list[str] | None = Field(None, description="Exactly these alerts fire.")
    anomalies: list[str] | None = Field(None, description="Exactly these anomalies are found.")
    windows: dict[str, Count] | None = Field(
        None, description="Number of final rows of each window named."
    )
    patterns: dict[str, Count] | None = Field(
        None, description="Number of matches of each pattern named."
    )
    dead_letters: Count | None = Field(None, description="Number of records refused.")


class FileTest(Model):
    """A test that the file brings along, run by `tidegauge test`."""

    events: str = Field(
        description="File of raw messages, one a line, relative to the pipeline file."
    )
    source: Name | None = Field(None, description="Source that gets them, where there are several.")
    tables: dict[str, str] = Field(
        default_factory=dict,
        description="Files that stand in for tables, by the table's name; as `file` of a table.",
    )
    expect: Expectation
