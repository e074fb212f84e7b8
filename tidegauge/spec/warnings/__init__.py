"""What is allowed in a pipeline file and probably not meant: warned of, and no mistake."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath

from tidegauge.spec.document import read_document
from tidegauge.spec.mistakes import Mistake, Problem, dotted
from tidegauge.spec.models import Pipeline
from tidegauge.spec.warnings.alert_columns import alert_columns
from tidegauge.spec.warnings.influxql_names import influxql_names
from tidegauge.spec.warnings.null_comparisons import null_comparisons
from tidegauge.spec.warnings.rewritten_names import rewritten_names

WARNINGS: tuple[Callable[[Pipeline], Iterator[Problem]], ...] = (
    null_comparisons,
    influxql_names,
    alert_columns,
)
"""Each looks through a pipeline without mistakes."""


def warnings_of(
    file: FilePath, pipeline: Pipeline, environment: Mapping[str, str] = os.environ
) -> list[Mistake]:
    """All warnings of a file without mistakes, by line.

    Args:
        file: the pipeline file.
        pipeline: what is in it.
        environment: values of the variables in it.
    """
    document = read_document(file.read_text(encoding="utf-8-sig"), environment)
    found = [problem for look in WARNINGS for problem in look(pipeline)]
    found += rewritten_names(document)
    return sorted(
        Mistake(document.key_line(one.path), dotted(one.path), one.message) for one in found
    )
