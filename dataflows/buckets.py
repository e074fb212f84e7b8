"""The buckets of all pipelines in a folder, as their flows would make them, before one has run.

    python -m dataflows.buckets pipelines

Grafana shows every pipeline whose files were rendered. InfluxDB answers a query of a bucket that is
not there with an error, and one of an empty bucket with nothing.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from connectors.influxdb.server import prepare
from dataflows.lifecycle.startup import one_line_errors
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings, read_settings
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import InfluxOutput


def make_buckets(files: Iterable[Path], settings: Settings) -> Iterator[str]:
    """Make what is missing, with an InfluxQL database of the same name.

    A file with mistakes is told and left out: what is wrong with one pipeline hides no other, and
    its flow does not start either.

    Yields:
        a line for each bucket, each note about one, and each mistake of a file.

    Raises:
        UserMistake: InfluxDB cannot be reached or used.
    """
    for file in files:
        try:
            output = _output(file)
        except UserMistake as mistake:
            yield str(mistake)
            continue
        if output is not None:
            yield from (f"{file}: {note}" for note in prepare(settings, output))
            yield f"{file}: bucket {output.bucket!r} is there"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command: exit code 0, or 2 when InfluxDB cannot be used or there is no pipeline."""
    parser = argparse.ArgumentParser(prog="python -m dataflows.buckets", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, help="folder of pipeline files (*.yaml)")
    folder: Path = parser.parse_args(arguments).folder
    with one_line_errors():
        files = sorted(folder.glob("*.yaml"))
        if not files:
            raise UserMistake(f"{folder}: no pipeline file (*.yaml) is there; give their folder")
        for line in make_buckets(files, read_settings()):
            sys.stderr.write(f"{line}\n")


def _output(file: Path) -> InfluxOutput | None:
    return load_pipeline(file).output.influxdb


if __name__ == "__main__":
    main()
