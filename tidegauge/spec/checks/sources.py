"""Sources: event time, fields, filter, derived columns."""

import re
from functools import partial

from tidegauge.batch import APPENDED, OFFSET, TIME
from tidegauge.expressions.scalars import compile_predicate, compile_scalar
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.enrichment import enriched_columns
from tidegauge.spec.checks.fieldnames import check_field_name
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Source

Types = dict[str, FieldType | None]

ALERT_LEVEL = "alert_level"
_LEVEL = "the level of an event's own alert is an int"
_PROCESS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*")
_TIME_TYPES = {
    "iso8601": (FieldType.STRING,),
    "epoch_ns": (FieldType.INT,),
    "epoch_s": (FieldType.INT, FieldType.FLOAT),
    "epoch_ms": (FieldType.INT, FieldType.FLOAT),
    "epoch_us": (FieldType.INT, FieldType.FLOAT),
}


def check_sources(review: Review) -> None:
    """Check each source, and note the columns of its events."""
    if not review.pipeline.sources:
        review.say(("sources",), "there is no source: declare at least one", unless=("sources",))
    for name, source in review.pipeline.sources.items():
        path: Path = ("sources", name)
        _check_event_time(review, path, source)
        for field in source.fields:
            check_field_name(review, (*path, "fields", field), field)
        declared: Types = {field: known.type for field, known in source.fields.items()}
        if declared.get(ALERT_LEVEL, FieldType.INT) is not FieldType.INT:
            message = f"{_LEVEL}: write type: int"
            review.say((*path, "fields", ALERT_LEVEL), message)
        fields = declared | review.untyped((*path, "fields"))
        fields |= enriched_columns(review, path, source, fields, _unseen(source))
        if source.filter is not None:
            # It runs before anything is derived.
            review.attempt((*path, "filter"), partial(compile_predicate, source.filter, fields))
        events = fields | _derived(review, path, source, fields)
        review.events[name] = events | _added(review, path, source, events)


def _check_event_time(review: Review, path: Path, source: Source) -> None:
    time = source.event_time
    declared = source.fields.get(time.field)
    allowed = _TIME_TYPES[time.format]
    if declared and declared.type not in allowed:
        message = (
            f"{declared.type} does not hold an event time of format {time.format}; "
            f"allowed: {', '.join(allowed)}"
        )
        review.say((*path, "fields", time.field, "type"), message)
    if time.idle_after == 0:
        message = "0s would make every partition idle at once; allowed: more than 0s"
        review.say((*path, "event_time", "idle_after"), message)
    if time.field in (TIME, OFFSET, APPENDED):
        review.say((*path, "event_time", "field"), f"{time.field} is reserved; rename the field")
    if not time.field:
        review.say((*path, "event_time", "field"), "the name of a field cannot be empty")


def _unseen(source: Source) -> Types:
    """Fields that are read from every message, though they need not be declared."""
    return {source.event_time.field: None, ALERT_LEVEL: FieldType.INT}


def _derived(review: Review, path: Path, source: Source, fields: Types) -> Types:
    derived = review.untyped((*path, "derive"))
    for name, sql in source.derive.items():
        here = (*path, "derive", name)
        if name in fields:
            of = "the messages" if name in source.fields else "a table"
            review.say(here, f"{name} is a field of {of} already; take another name")
            continue
        check_field_name(review, here, name)
        scalar = review.attempt(here, partial(compile_scalar, sql, {**fields, **derived}))
        derived[name] = scalar.type if scalar else None
        if name == source.event_time.field:
            review.say(here, f"{name} is read from every message already; take another name")
        elif name == ALERT_LEVEL and derived[name] not in (FieldType.INT, None):
            review.say(here, f"{_LEVEL}, this is a {derived[name]}; take another name")
    return derived


def _added(review: Review, path: Path, source: Source, events: Types) -> Types:
    """Check the user's own function; the columns that it adds."""
    process, here = source.process, (*path, "process")
    if process is None:
        return {}
    if not _PROCESS.fullmatch(process.function):
        message = f"{process.function!r} is no function; allowed: module:function"
        review.say(here, message)
    taken = events | _unseen(source)
    for name in process.adds:
        if name in taken:
            review.say((*here, "adds", name), f"the event has a column {name} already")
        else:
            check_field_name(review, (*here, "adds", name), name)
    return review.untyped((*here, "adds")) | {
        name: added.type for name, added in process.adds.items() if name not in events
    }
