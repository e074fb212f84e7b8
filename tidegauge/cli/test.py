"""`tidegauge test`: the tests that pipeline files bring along."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tidegauge.cli._say import say, say_json


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pipeline files.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Run the `tests:` of pipeline files through the real flow, without any server.

    Exit code 0 when all pass, 1 when one fails, 2 when a file cannot be run.
    """
    from dataflows.checks.selftest import run_file_test
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.spec.loader import load_pipeline

    results: list[dict[str, Any]] = []
    for file in files:
        pipeline = load_pipeline(file)
        for test in pipeline.tests:
            differences = run_file_test(pipeline, file.parent, test)
            results.append({"file": str(file), "events": test.events, "differences": differences})
            if not as_json:
                say(f"{'FAILED' if differences else 'passed'} {file}: {test.events}")
                for line in differences:
                    say(f"       {line}")
        if not pipeline.tests and not as_json:
            say(f"{file}: no tests")
    failed = sum(bool(result["differences"]) for result in results)
    if as_json:
        say_json(results)
    else:
        say(f"{len(results) - failed} passed, {failed} failed")
    raise typer.Exit(EXIT_MISTAKES if failed else 0)
