"""Sensitive fields: they are texts, no event time, and nothing is asked that a hash cannot tell."""

import re
from collections import ChainMap
from collections.abc import Collection, Mapping, Sequence

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.conditions import read_condition
from tidegauge.expressions.opaque import copy_of, misused, mixed
from tidegauge.expressions.targets import window_of
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Alert, Pattern, Pipeline, Source, SourceField, Window

Salts = Mapping[str, str]
"""Columns that hold hashes, and the salt of each, which may be empty."""
Opaque = Mapping[str, Salts]
"""The same, by source."""
_ALLOWED = "allowed: the column alone, counting it, IS NULL, = and <> with another sensitive column"


def check_sensitive(review: Review) -> None:
    """Check what is declared sensitive, and what is done with it."""
    pipeline = review.pipeline
    for name, table in pipeline.tables.items():
        _check_types(review, ("tables", name, "fields"), table.fields)
    opaque = {}
    for name, source in pipeline.sources.items():
        _check_types(review, ("sources", name, "fields"), source.fields)
        _check_event_time(review, name, source)
        opaque[name] = _opaque(pipeline, source)
        _check_use(review, ("sources", name, "filter"), source.filter or "", opaque[name])
        for key, sql in source.derive.items():
            _check_use(review, ("sources", name, "derive", key), sql, opaque[name])
    for name, window in pipeline.windows.items():
        _check_window(review, ("windows", name), window, opaque)
    for name, pattern in pipeline.patterns.items():
        _check_pattern(review, ("patterns", name), pattern, opaque)
    for name, alert in pipeline.alerts.items():
        if alert.where is not None:
            _check_use(
                review, ("alerts", name, "where"), alert.where, _of_target(review, alert, opaque)
            )


def _check_types(review: Review, path: Path, fields: dict[str, SourceField]) -> None:
    for name, field in fields.items():
        if field.sensitive and not _is_text(field):
            message = f"a sensitive field is kept as a hash, which is a text, not a {field.type}"
            review.say((*path, name, "type"), f"{message}; allowed: string")


def _is_text(field: SourceField) -> bool:
    return field.type is FieldType.STRING


def _check_event_time(review: Review, name: str, source: Source) -> None:
    field = source.event_time.field
    if field in source.fields and source.fields[field].sensitive:
        message = f"{field} is the event time, which cannot be a hash"
        review.say(("sources", name, "fields", field, "sensitive"), message)


def _opaque(pipeline: Pipeline, source: Source) -> Salts:
    """Columns of a source that hold hashes, copies among them."""
    columns = dict(source.fields)
    for name, enrichment in source.enrich.items():
        # A table or column that is not there is told of elsewhere.
        there = pipeline.tables[name].fields if name in pipeline.tables else {}
        columns |= {new: there[old] for new, old in enrichment.fields.items() if old in there}
    hashed = {name: one for name, one in columns.items() if one.sensitive and _is_text(one)}
    found = {name: one.salt for name, one in hashed.items()}
    for name, sql in source.derive.items():
        if (copied := sql.strip().strip('"')) in found:
            found[name] = found[copied]
    return found


def _check_window(review: Review, path: Path, window: Window, opaque: Opaque) -> None:
    named = [name for name in window.from_ if name in opaque]
    if not named:
        return
    hashed = _hashed(named, opaque)
    used = [*window.by, window.where or "", *(one.expr for one in window.select.values())]
    _check_salts(review, named, opaque, used)
    for key in window.by:
        plain = [name for name in named if key not in opaque[name]]
        if key in hashed and plain:
            message = f"{key} is a hash in one of the sources and not in {plain[0]}, so that they"
            review.say(
                ("sources", plain[0], "fields", key), f"{message} never meet: sensitive: true"
            )
    if window.where is not None:
        _check_use(review, (*path, "where"), window.where, hashed)
    for metric, declared in window.select.items():
        _check_use(review, (*path, "select", metric), declared.expr, hashed)


def _check_salts(review: Review, named: Sequence[str], opaque: Opaque, used: Sequence[str]) -> None:
    """Refuse that columns of one name, from several sources, have hashes of different salts."""
    words = frozenset(re.findall(r"\w+", " ".join(used)))
    for other in named[1:]:
        for key, salt in opaque.get(other, {}).items():
            first = next((one for one in named if key in opaque.get(one, {})), other)
            if key in words and opaque[first][key] != salt:
                message = f"{key} has another salt here than in {first}, so that they never meet"
                review.say(
                    ("sources", other, "fields", key), f"{message}; give both the same, or none"
                )


def _check_pattern(review: Review, path: Path, pattern: Pattern, opaque: Opaque) -> None:
    hashed = _hashed(pattern.from_, opaque)
    measures = (one.expr for one in pattern.measures.values())
    used = [*pattern.by, *pattern.define.values(), *measures]
    _check_salts(review, pattern.from_, opaque, used)
    for step, sql in pattern.define.items():
        _check_use(review, (*path, "define", step), sql, hashed, of_runs=True)
    for name, measure in pattern.measures.items():
        _check_use(review, (*path, "measures", name), measure.expr, hashed, of_runs=True)


def _of_target(review: Review, alert: Alert, opaque: Opaque) -> Salts:
    """Columns of what an alert is about that hold hashes."""
    pipeline = review.pipeline
    try:
        when = read_condition(alert.when, pipeline)
    except ExpressionError:
        # Told of elsewhere, as is what the condition names and is not there.
        return {}
    if when.kind == "event":
        return opaque.get(when.target, {})
    if when.kind in ("match", "timeout"):
        pattern = pipeline.patterns[when.target]
        hashed = _hashed(pattern.from_, opaque)
        keys = {name: salt for name, salt in hashed.items() if name in pattern.by}
        copies = {
            name: hashed[copied]
            for name, one in pattern.measures.items()
            if (copied := copy_of(one.expr, hashed)) is not None
        }
        return keys | copies
    name = window_of(pipeline, when.kind, when.target)
    if name is None:
        anomaly = pipeline.anomalies[when.target]
        return _keys(_hashed([anomaly.target], opaque), anomaly.by)
    window = pipeline.windows.get(name)
    return _keys(_hashed(window.from_, opaque), window.by) if window else {}


def _keys(hashed: Salts, by: Collection[str]) -> Salts:
    return {name: salt for name, salt in hashed.items() if name in by}


def _hashed(sources: Collection[str], opaque: Opaque) -> dict[str, str]:
    """Columns of sources that hold hashes in one of them."""
    return dict(ChainMap(*(dict(opaque.get(name, {})) for name in sources)))


def _check_use(
    review: Review, path: Path, sql: str, opaque: Salts, *, of_runs: bool = False
) -> None:
    if opaque and (found := misused(sql, opaque, of_runs=of_runs)):
        review.say(path, f"{found}: of a sensitive field only a hash is known; {_ALLOWED}")
    elif len(set(opaque.values())) > 1 and (found := mixed(sql, opaque)):
        review.say(
            path,
            f"{found}: hashes of different salts never meet; give both the same, or none",
        )
