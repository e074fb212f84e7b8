"""`tidegauge schema`: render the JSON Schema of the pipeline file."""

from pathlib import Path
from typing import Annotated

import typer

from tidegauge.cli._say import say

SCHEMA_FILE = Path(__file__).parents[2] / "pipelines" / "pipeline.schema.json"


def command(
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when the file is stale.")
    ] = False,
    file: Annotated[Path, typer.Option(help="Where the schema is.")] = SCHEMA_FILE,
) -> None:
    """Render the JSON Schema of the pipeline file, which editors read."""
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.errors import UserMistake
    from tidegauge.spec.schema import render_schema

    rendered = render_schema()
    try:
        current = file.read_text(encoding="utf-8") if file.exists() else ""
        if current == rendered:
            say(f"{file.name} is current")
        elif check:
            say(f"{file.name} is stale: run 'tidegauge schema'")
            raise typer.Exit(EXIT_MISTAKES)
        else:
            file.write_text(rendered, encoding="utf-8")
            say(f"{file.name} written")
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}; give a file with --file") from None
