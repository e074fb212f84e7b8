"""Objects are kept in order, everything else is counted only."""

from tests.tidegauge.spec.inference.samples import NOON_MS, raw
from tidegauge.spec.inference.sample import SampledObject, read_objects


def test_what_is_no_object_is_left_out() -> None:
    payloads = [b'{"a": 1}', None, b"", b"{", b"[1]", b"7", b"\xff", b'{"a": 2} {}', b'{"a": 3}']
    sample = read_objects({4: raw(payloads)})
    kept = [SampledObject({"a": 1}, NOON_MS), SampledObject({"a": 3}, NOON_MS)]
    assert sample.partitions == {4: kept}
    assert sample.messages == len(payloads)
