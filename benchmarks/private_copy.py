"""A pipeline file with topics and a bucket of its own, so that runs do not see each other's records."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import Pipeline


def private_copy(original: Path, folder: Path, suffix: str, *, influxdb: bool) -> tuple[Path, Pipeline]:
    """Write a copy whose pipeline, topics and bucket end with `suffix`; its `tests` are left out.

    Args:
        original: the pipeline file.
        folder: where the copy goes.
        suffix: letters and digits.
        influxdb: give the copy an InfluxDB output even if the original has none.

    Returns:
        the copy's path, and the copy as models.
    """
    yaml = YAML()
    document: dict[str, Any] = yaml.load(original.read_text())
    document.pop("tests", None)
    document["pipeline"] = f"{document['pipeline']}-{suffix}"
    for source in document["sources"].values():
        source["kafka"]["topic"] = f"{source['kafka']['topic']}-{suffix}"
    output = document.setdefault("output", {})
    kafka = output["kafka"] = dict(output.get("kafka") or {})
    kafka["topic"] = f"{kafka.get('topic', 'real-time-analytics')}-{suffix}"
    kafka["critical_topic"] = f"{kafka.get('critical_topic', 'critical-alerts')}-{suffix}"
    if influxdb:
        output["influxdb"] = {"bucket": f"truth-{suffix}", "retention": "0s"}
    copy = folder / f"{original.stem}-{suffix}.yaml"
    with copy.open("w") as file:
        yaml.dump(document, file)
    return copy, load_pipeline(copy)
