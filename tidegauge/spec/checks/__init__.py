"""Checks of what crosses the keys of a pipeline file: columns, types, windows, names."""

from collections.abc import Collection
from pathlib import Path as FilePath

from tidegauge.spec.checks.alerts import check_alerts
from tidegauge.spec.checks.anomalies import check_anomalies
from tidegauge.spec.checks.dashboards import check_dashboard
from tidegauge.spec.checks.filetests import check_tests
from tidegauge.spec.checks.forecasts import check_forecasts, check_predictions
from tidegauge.spec.checks.names import check_names
from tidegauge.spec.checks.outputs import check_outputs
from tidegauge.spec.checks.patterns import check_patterns
from tidegauge.spec.checks.review import Review
from tidegauge.spec.checks.sensitive import check_sensitive
from tidegauge.spec.checks.sources import check_sources
from tidegauge.spec.checks.tables import check_tables
from tidegauge.spec.checks.windows import check_windows
from tidegauge.spec.mistakes import Path, Problem
from tidegauge.spec.models import Pipeline


def check(pipeline: Pipeline, folder: FilePath, broken: Collection[Path] = ()) -> list[Problem]:
    """Everything that is wrong with a pipeline whose keys and types are right.

    Args:
        pipeline: the file's models.
        folder: where the pipeline file is; its tests name files relative to it.
        broken: paths of declarations that were taken out because they are wrong; whoever names
            them is not wrong for it.
    """
    review = Review(pipeline, folder, broken)
    # In this order: each makes the columns that the next ones look up.
    check_tables(review)
    check_sources(review)
    check_windows(review)
    check_anomalies(review)
    check_patterns(review)
    check_forecasts(review)
    check_predictions(review)
    check_alerts(review)
    check_names(review)
    check_outputs(review)
    check_dashboard(review)
    check_tests(review)
    check_sensitive(review)
    return review.problems
