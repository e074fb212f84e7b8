from pathlib import Path

from dataflows.simulation.faults import Fault, FaultKind
from dataflows.simulation.truth import Truth, read_truth, write_truth
from tidegauge.spec.models import SECOND_NS

ORIGIN_NS = 1_767_600_000 * SECOND_NS


def test_faults_are_read_back_in_event_time(tmp_path: Path) -> None:
    fault = Fault("mill-2", FaultKind.SHAKING, 250 * SECOND_NS, 300_125_000_000, 2.0)
    write_truth(tmp_path / "truth.jsonl", [fault], ORIGIN_NS)
    (truth,) = read_truth(tmp_path / "truth.jsonl")
    expected = (ORIGIN_NS + fault.start_ns, ORIGIN_NS + fault.end_ns)
    assert truth == Truth("mill-2", FaultKind.SHAKING, *expected)


def test_a_line_is_a_json_object_with_times_as_text(tmp_path: Path) -> None:
    fault = Fault("mill-2", FaultKind.KNOCK, 0, 150_000_000, 9.0)
    write_truth(tmp_path / "truth.jsonl", [fault], ORIGIN_NS)
    assert (tmp_path / "truth.jsonl").read_text() == (
        '{"machine":"mill-2","kind":"knock",'
        '"start":"2026-01-05T08:00:00.000Z","end":"2026-01-05T08:00:00.150Z"}\n'
    )
