"""The committed schema is that of the models."""

from pathlib import Path

from connectors.live.schema import render_schema

COMMITTED = Path(__file__).parents[3] / "docs" / "live.schema.json"


def test_the_schema_in_the_docs_is_current() -> None:
    """Otherwise: python -m connectors.live.schema > docs/live.schema.json."""
    assert COMMITTED.read_text(encoding="utf-8") == render_schema()
