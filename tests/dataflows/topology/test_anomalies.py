"""Anomalies in the real flow: the default detector, silence, peers, and labels."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.flow_process import Shape, run_flow, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from tests.dataflows.interrupted import ask_to_end, wait
from tests.services.kafka import Kafka
from tidegauge.cli import main

PIPELINE = """\
version: 1
pipeline: heat
sources:
  readings:
    kafka: {topic: readings}
    event_time: {field: ts, format: epoch_ms, out_of_orderness: 0s, idle_after: 1s}
    fields: {machine: {type: string}, heat: {type: float}}
windows:
  warmth: {from: readings, tumbling: {size: 1s}, by: [machine], select: {heat: avg(heat)}}
anomalies:
  odd: {on: warmth.heat, false_alarms: 10 per hour, min_deviation: 20}
  gone: {on: warmth.heat, detector: flat_line, false_alarms: 10 per hour}
  alone: {on: warmth.heat, detector: peers, false_alarms: 10 per hour, min_deviation: 20}
alerts:
  silent: {when: "anomaly(gone)", level: 6, summary: "{machine}"}
output:
  influxdb: {bucket: heat}
"""
BASE_S = 1_700_000_000
SECONDS, MACHINES = 300, 6
FIRST_S, SECOND_S = 200, 260
"""When m0 gets hot, and much hotter: else it would be an echo."""
STOPS_S = 230
"""When m1 falls silent; at the end all do."""

Found = tuple[str, str, int]
"""Anomaly, machine, seconds from the start."""


@pytest.fixture
def copy(tmp_path: Path, kafka: Kafka) -> Iterator[PrivateCopy]:
    file = tmp_path / "heat.yaml"
    file.write_text(PIPELINE)
    with private_copy(file, tmp_path, kafka, None) as copy:
        (source,) = copy.pipeline.sources.values()
        kafka.topic(source.kafka.topic, partitions=1)
        producer = kafka.producer()
        for reading in readings():
            producer.produce(source.kafka.topic, json.dumps(reading))
        producer.flush()
        yield copy


def readings() -> Iterator[dict[str, Any]]:
    """One a second of each machine."""
    heats = np.random.default_rng(7).normal(50.0, 1.0, (SECONDS, MACHINES))
    heats[FIRST_S, 0] += 50.0
    heats[SECOND_S, 0] += 5_000.0
    for second, row in enumerate(heats.tolist()):
        for machine, heat in enumerate(row):
            if machine != 1 or second < STOPS_S:
                ts = (BASE_S + second) * 1_000
                yield {"ts": ts, "machine": f"m{machine}", "heat": heat}


def anomalies(copy: PrivateCopy) -> dict[Found, dict[str, Any]]:
    """What was found, and its record."""
    return {
        (row["anomaly"], row["machine"], row["time_ns"] // 10**9 - BASE_S): row
        for row in copy.records("anomalies")
    }


def test_what_is_found_and_what_a_label_moves(
    copy: PrivateCopy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def silent() -> set[str]:
        return {machine for name, machine, _ in anomalies(copy) if name == "gone"}

    everyone = {f"m{machine}" for machine in range(MACHINES)}
    with running_flow(copy.path, Shape(), copy.environment) as members:
        wait(lambda: silent() == everyone, members)
        ask_to_end(members)
    live = anomalies(copy)

    hot = live["odd", "m0", FIRST_S + 1]
    assert (hot["detector"], hot["direction"], hot["sensitivity"]) == ("ensemble", "up", 1.0)
    assert hot["lower"] < hot["expected"] < hot["upper"] < hot["value"]
    assert hot["score"] > 0.99
    assert ("odd", "m0", SECOND_S + 1) in live
    assert ("alone", "m0", FIRST_S + 1) in live
    gone = [found for found in live if found[:2] == ("gone", "m1")]
    assert len(gone) == 1
    assert STOPS_S < gone[0][2] < STOPS_S + 30
    assert live[gone[0]]["reason"] == "nothing since 2023-11-14T22:17:10.000Z, usually every 1s"
    assert live[gone[0]]["value"] is None
    assert "m1" in {row["machine"] for row in copy.records("alerts") if row["active"]}

    monkeypatch.setenv("KAFKA_BOOTSTRAP", copy.environment["KAFKA_BOOTSTRAP"])
    monkeypatch.setenv("TIDEGAUGE_STORE", str(copy.database))
    never = ["--key", "machine=m0", "--at", str(hot["time_ns"] + 1)]
    with pytest.raises(SystemExit) as refused:
        main(["label", str(copy.path), "odd", "wrong", *never])
    assert refused.value.code == 2
    assert "no anomaly odd machine=m0 at 2023-11-14T22:16:41.000000001Z is stored" in (
        capsys.readouterr().err
    )
    place = ["--key", "machine=m0", "--at", str(hot["time_ns"])]
    from_ns = str((BASE_S + FIRST_S + 30) * 10**9)
    main_of("label", str(copy.path), "odd", "wrong", *place, "--effective", from_ns)
    main_of("label", str(copy.path), "--list", "--json")
    (label,) = json.loads(capsys.readouterr().out.split("\n", 1)[1])
    assert (label["label"], label["key"], label["sensitivity"]) == ("wrong", {"machine": "m0"}, 0.5)

    replays = []
    for shape in (Shape(workers=2, batch_size=37), Shape()):
        replayed = replace(copy, database=tmp_path / f"{shape.workers}.sqlite3")
        run_flow(copy.path, shape, replayed.environment)
        replays.append(told(anomalies(replayed)))
    assert replays[0] == replays[1]
    assert replays[0]["odd", "m0", FIRST_S + 1]["sensitivity"] == 1.0
    assert replays[0]["odd", "m0", SECOND_S + 1]["sensitivity"] == 0.5
    assert gone[0] in replays[0]


def told(found: dict[Found, dict[str, Any]]) -> dict[Found, dict[str, Any]]:
    """The records without what tells of the run, up to the end of the readings."""
    return {
        at: {name: value for name, value in row.items() if name != "processing_time_ns"}
        for at, row in found.items()
        if at[2] <= SECONDS
    }


def main_of(*arguments: str) -> None:
    """Run a command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert not ended.value.code
