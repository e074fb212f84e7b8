"""Labels as they are shown: what each says, and what it has moved."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from tidegauge.expressions.targets import anomaly_keys
from tidegauge.labels import Label, sensitivity
from tidegauge.records import NO_KEY
from tidegauge.spec.models import Pipeline

_S_NS = 1_000_000_000


def rows(pipeline: Pipeline, labels: Sequence[Label]) -> Iterator[tuple[Label, dict[str, Any]]]:
    """Each label, and what it says with the sensitivity of its series from then on.

    They are in the order in which they count.
    """
    for label in sorted(labels, key=lambda one: (one.effective_ns, one.labelled_ns)):
        declared = pipeline.anomalies.get(label.anomaly)
        names = anomaly_keys(pipeline, declared) if declared else []
        own = [one for one in labels if (one.anomaly, one.key) == (label.anomaly, label.key)]
        yield (
            label,
            {
                "anomaly": label.anomaly,
                "key": dict(zip(names, label.key, strict=False)),
                "at": time_text(label.at_ns),
                "label": "right" if label.right else "wrong",
                "effective": time_text(label.effective_ns),
                "sensitivity": sensitivity(own, label.effective_ns),
            },
        )


def line(row: dict[str, Any]) -> str:
    """A row as a sentence."""
    key = "".join(f" {name}={_shown(value)}" for name, value in row["key"].items())
    return (
        f"{row['anomaly']}{key} at {row['at']}: {row['label']}; from {row['effective']} on its"
        f" sensitivity is {row['sensitivity']:g}"
    )


def _shown(value: Any) -> Any:
    return NO_KEY if value is None else value


def time_text(time_ns: int) -> str:
    """A time with all its digits, as `--at` takes it."""
    seconds, rest_ns = divmod(time_ns, _S_NS)
    moment = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{rest_ns:09d}".rstrip("0").rstrip(".") + "Z"
