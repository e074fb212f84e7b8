import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.durations import UNITS_NS, format_duration_ns, parse_duration_ns

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("1ns", 1),
        ("2us", 2_000),
        ("500ms", SECOND // 2),
        ("10s", 10 * SECOND),
        ("5m", 300 * SECOND),
        ("4h", 4 * 3_600 * SECOND),
        ("30d", 30 * 86_400 * SECOND),
        ("2w", 14 * 86_400 * SECOND),
        ("1h30m", 5_400 * SECOND),
        ("1m500ms", 60 * SECOND + SECOND // 2),
        ("0s", 0),
        ("007s", 7 * SECOND),
        (" 10s ", 10 * SECOND),
    ],
)
def test_a_duration_is_whole_numbers_with_units(text: str, duration_ns: int) -> None:
    assert parse_duration_ns(text) == duration_ns


@pytest.mark.parametrize(
    "text",
    ["", "10", "s", "1.5s", "-1s", "10 s", "10s 5m", "1y", "1S", "10sec", "٣s", "1e3s", "+1s"],
)
def test_anything_else_is_refused_and_what_is_allowed_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration: .* such as 500ms, 10s, 5m, 1h30m, 7d"):
        parse_duration_ns(text)


@pytest.mark.parametrize("value", [10, 1.5, None, True, ["10s"], {"s": 10}])
def test_what_yaml_did_not_take_for_text_is_refused_alike(value: object) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration_ns(value)  # type: ignore[arg-type]  # what a file may hold


@given(st.integers(0, 2**63))
def test_a_formatted_duration_reads_back_as_itself(duration_ns: int) -> None:
    assert parse_duration_ns(format_duration_ns(duration_ns)) == duration_ns


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [(0, "0s"), (90 * SECOND, "1m30s"), (UNITS_NS["w"] + 1, "1w1ns"), (86_400 * SECOND, "1d")],
)
def test_the_shortest_text_is_chosen(duration_ns: int, text: str) -> None:
    assert format_duration_ns(duration_ns) == text
