"""Table files of a pipeline, read by `tidegauge check` as the start and the tests read them."""

from collections.abc import Iterator
from pathlib import Path

from connectors.tables.rows import read_rows
from tidegauge.errors import UserMistake
from tidegauge.spec.checks.files import is_there
from tidegauge.spec.mistakes import Path as KeyPath
from tidegauge.spec.mistakes import Problem
from tidegauge.spec.models import Pipeline


def table_mistakes(folder: Path, pipeline: Pipeline) -> Iterator[tuple[KeyPath, str]]:
    """What is wrong with the files of tables and of tests; one that a test needs must be there."""
    for path, name, written in _files(pipeline):
        if is_there(folder / written):
            yield from _rows(path, name, written, folder, pipeline)
        elif any(name not in test.tables for test in pipeline.tests):
            yield path, f"there is no file {written}, which a test of this file reads"


def missing_tables(folder: Path, pipeline: Pipeline) -> Iterator[Problem]:
    """Files of tables that are not there; they may come before the start."""
    for path, _, written in _files(pipeline):
        if not is_there(folder / written):
            yield Problem(path, f"there is no file {written}; the flow does not start without it")


def _files(pipeline: Pipeline) -> Iterator[tuple[KeyPath, str, str]]:
    """Where each file is named, the table that it is for, and its name; each pair once."""
    seen = set()
    for table, declared in pipeline.tables.items():
        if declared.file is not None:
            seen.add((table, declared.file))
            yield ("tables", table, "file"), table, declared.file
    for index, test in enumerate(pipeline.tests):
        for table, written in test.tables.items():
            if (table, written) not in seen:
                seen.add((table, written))
                yield ("tests", index, "tables", table), table, written


def _rows(
    path: KeyPath, name: str, written: str, folder: Path, pipeline: Pipeline
) -> Iterator[tuple[KeyPath, str]]:
    file = folder / written
    try:
        read_rows(name, file, pipeline.tables[name])
    except UserMistake as mistake:
        reason = str(mistake).removeprefix(f"tables.{name}: {file}: ")
        yield path, " ".join(f"{written}: {reason}".split())
