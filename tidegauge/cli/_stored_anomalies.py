"""Whether an anomaly was: asked of the store that the pipeline's records are in."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tidegauge.cli._labels import time_text
from tidegauge.cli._say import say
from tidegauge.errors import UserMistake
from tidegauge.expressions.targets import anomaly_keys, target_columns
from tidegauge.fieldtypes import FieldType
from tidegauge.labels import KeyPart, Label, key_part
from tidegauge.records import NO_KEY, TIME_NS, key_text
from tidegauge.spec.models import Pipeline

if TYPE_CHECKING:
    from tidegauge.stored import StoredRow

_AROUND_NS = 12 * 3_600 * 1_000_000_000
"""So far away another anomaly of the series is looked for, to be told."""


def key_types(pipeline: Pipeline, anomaly: str) -> Mapping[str, FieldType]:
    """The key columns of an anomaly's series, in their order."""
    columns = target_columns(pipeline, "anomaly", anomaly)
    return {key: columns[key] for key in anomaly_keys(pipeline, pipeline.anomalies[anomaly])}


def require_stored(pipeline: Pipeline, label: Label, embedded: Path | None) -> None:
    """See that the anomaly of a label is stored. A pipeline without a store has none to ask.

    Args:
        pipeline: the pipeline.
        label: what is said of the anomaly.
        embedded: the SQLite file that its records are in, if it is no other that the settings name.

    Raises:
        UserMistake: it is not stored, or the store cannot be read.
    """
    from connectors.influxdb.escapes import stored_tag
    from dataflows.checks.verify import stored_rows
    from tidegauge.catalogue import catalogue_of
    from tidegauge.settings import read_settings
    from tidegauge.signals import SignalKind
    from tidegauge.stored import stored_of

    settings = read_settings()
    if embedded is not None:
        settings = settings.model_copy(update={"store": embedded})
    if settings.store is None and pipeline.output.influxdb is None:
        say("the pipeline has no store: whether there was such an anomaly is unknown", err=True)
        return
    catalogue = catalogue_of(pipeline)
    (measurement,) = {one.measurement for one in catalogue if one.kind is SignalKind.ANOMALY}
    around = max(label.at_ns - _AROUND_NS, 0), label.at_ns + _AROUND_NS + 1
    try:
        rows = stored_rows(pipeline, settings).rows(stored_of(catalogue, measurement), *around)
    except UserMistake as error:
        raise UserMistake(
            f"label: {error}; name the store that the flow writes, or label it --unchecked"
        ) from None
    tags = {
        name: (kind, stored_tag(part) if isinstance(part, str) else part)
        for (name, kind), part in zip(
            key_types(pipeline, label.anomaly).items(), label.key, strict=True
        )
    }
    _require(label, tags, _times(label.anomaly, tags, rows))


def _times(
    anomaly: str, key: Mapping[str, tuple[FieldType, KeyPart]], rows: "Iterable[StoredRow]"
) -> Iterator[int]:
    """When the series had anomalies."""
    for row in rows:
        if row.get("anomaly") == anomaly and all(
            _is(row.get(name), kind, part) for name, (kind, part) in key.items()
        ):
            yield int(row[TIME_NS] or 0)


def _is(tag: str | float | None, kind: FieldType, part: KeyPart) -> bool:
    from connectors.influxdb.escapes import stored_tag

    if part is None or tag == NO_KEY:
        return part is None and tag in (None, "", NO_KEY)
    if kind is FieldType.STRING:
        return stored_tag(str(tag or "")) == part
    try:
        return key_part(str(tag), kind) == part
    except ValueError:
        return False


def _require(
    label: Label, key: Mapping[str, tuple[FieldType, KeyPart]], times_ns: Iterator[int]
) -> None:
    nearest_ns = min(times_ns, key=lambda time_ns: abs(time_ns - label.at_ns), default=None)
    if nearest_ns == label.at_ns:
        return
    shown = {name: key_text(part) for name, (_, part) in key.items()}
    series = "".join(f" {name}={part}" for name, part in shown.items())
    hint = (
        f"the nearest of this series is at {time_text(nearest_ns)}"
        if nearest_ns is not None
        else "this series has none within 12 hours of it"
    )
    raise UserMistake(
        f"label: no anomaly {label.anomaly}{series} at {time_text(label.at_ns)} is stored; {hint};"
        " --unchecked labels it all the same"
    )
