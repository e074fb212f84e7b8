"""Tests of the file: their events exist, and so do the names they expect."""

from tidegauge.spec.checks.files import is_there
from tidegauge.spec.checks.review import Review
from tidegauge.spec.checks.tables import check_table_file
from tidegauge.spec.mistakes import Path


def check_tests(review: Review) -> None:
    """Check the tests of the file; they are not run."""
    pipeline = review.pipeline
    for index, test in enumerate(pipeline.tests):
        path: Path = ("tests", index)
        if not is_there(review.folder / test.events):
            review.say((*path, "events"), _missing(test.events))
        if test.source is not None:
            review.known((*path, "source"), "source", test.source, pipeline.sources)
        elif len(pipeline.sources) > 1:
            several = ", ".join(pipeline.sources)
            review.say((*path, "source"), f"there are several sources: name one of {several}")
        for name, file in test.tables.items():
            here = (*path, "tables", name)
            if review.known(here, "table", name, pipeline.tables):
                if not is_there(review.folder / file):
                    review.say(here, _missing(file))
                check_table_file(review, here, file)
        expect = test.expect
        for key, what, names, allowed in (
            ("alerts", "alert", expect.alerts, pipeline.alerts),
            ("anomalies", "anomaly", expect.anomalies, pipeline.anomalies),
            ("windows", "window", expect.windows, pipeline.windows),
            ("patterns", "pattern", expect.patterns, pipeline.patterns),
        ):
            for position, name in enumerate(names or ()):
                entry = name if key in ("windows", "patterns") else position
                review.known((*path, "expect", key, entry), what, name, allowed)


def _missing(file: str) -> str:
    return f"there is no file {file}; allowed: a path relative to the pipeline file"
