"""Reading a pipeline file: all of its mistakes at once, or a pipeline that can run."""

import os
from collections.abc import Mapping
from pathlib import Path as FilePath

from tidegauge.errors import UserMistake
from tidegauge.spec.checks import check
from tidegauge.spec.document import Document, UnreadableError, read_document
from tidegauge.spec.mistakes import Mistake, Mistakes, Path, Problem, dotted
from tidegauge.spec.models import Pipeline
from tidegauge.spec.salvage import Salvage
from tidegauge.spec.shape import allowed_keys


def load_pipeline(
    path: FilePath | str,
    environment: Mapping[str, str] = os.environ,
    folder: FilePath | None = None,
) -> Pipeline:
    """Read, check and return the pipeline of a file.

    Args:
        path: the pipeline file; its tests name files relative to it.
        environment: values of the variables in it.
        folder: what the files it names are relative to, if not the folder it is in.

    Raises:
        Mistakes: the file has mistakes; all of them, by line.
        UserMistake: there is no such file, or it cannot be read.
    """
    file = FilePath(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserMistake(f"{path}: cannot be read: {reason}; give a pipeline file") from None
    except ValueError as error:
        raise UserMistake(f"{path!r}: cannot be read: {error}; give a pipeline file") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Mistakes(str(path), [Mistake(line, "yaml", "the file is not UTF-8")]) from None
    return parse_pipeline(text, str(path), folder or file.parent, environment)


def parse_pipeline(
    text: str, file: str, folder: FilePath, environment: Mapping[str, str]
) -> Pipeline:
    """The pipeline of a file's text; as `load_pipeline`.

    Raises:
        Mistakes: the text has mistakes; all of them, by line.
    """
    try:
        document = read_document(text, environment)
    except UnreadableError as error:
        raise Mistakes(file, [Mistake(error.line, "yaml", error.message)]) from None
    if not isinstance(document.value, dict):
        message = f"must be a mapping with the keys {', '.join(allowed_keys(()))}"
        raise Mistakes(
            file, [*_located(document, {}, document.problems), Mistake(1, "file", message)]
        )
    salvage = Salvage(document.value)
    # A problem with a line of its own is a key that is here twice: the first one stands.
    lost = [problem for problem in document.problems if problem.line is None]
    pipeline, refused = salvage.validate(lost)
    problems = [*document.problems, *refused]
    if pipeline is not None:
        found = check(pipeline, folder, salvage.broken)
        known = [*lost, *refused]
        problems += [problem for problem in found if not _follows(problem, known)]
    if problems or pipeline is None:
        raise Mistakes(file, _located(document, salvage.renamed, problems))
    return pipeline


def _follows(problem: Problem, known: list[Problem]) -> bool:
    """Whether a problem only follows from one that is known."""
    for other in known:
        if problem.path[: len(other.path)] == other.path:
            return True
        if problem.unless is not None and other.path[: len(problem.unless)] == problem.unless:
            return True
    return False


def _located(
    document: Document, renamed: Mapping[Path, Path], problems: list[Problem]
) -> list[Mistake]:
    mistakes = []
    for problem in problems:
        path = problem.path
        for length in range(len(path), 0, -1):
            if path[:length] in renamed:
                path = renamed[path[:length]] + path[length:]
        line = problem.line or document.line(path)
        mistakes.append(Mistake(line, dotted(path), problem.message))
    return mistakes
