import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.tidegauge.cli.test_main import run

PIPELINE = """
version: 1
pipeline: payments
sources:
  payments:
    kafka: {topic: payments}
    event_time: {field: at}
    fields: {card: {type: string}, cents: {type: int}}
    filter: cents > 0
    derive: {amount: cents / 100.0}
  logins:
    kafka: {topic: logins}
    event_time: {field: at}
    fields: {card: {type: string}, country: {type: string}}
patterns:
  testing:
    from: payments
    by: [card]
    match: small{2,}[->] -> large
    define: {small: amount < 2, large: amount > 100 * AVG(small.amount)}
    within: 5m
  abroad:
    from: [logins, payments]
    by: [card]
    match: login -> pay
    define: {login: "country <> 'DE'", pay: amount > 5}
    within: 1m
"""
PAYMENTS = [(1, "c1", 100), (3, "c1", 90_000), (2, "c1", 120), (2, "c2", 50), (4, "c1", -1)]


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    file = tmp_path / "p.yaml"
    file.write_text(PIPELINE)
    return file


@pytest.fixture
def payments(tmp_path: Path) -> Path:
    file = tmp_path / "payments.jsonl"
    lines = [
        json.dumps({"at": f"2026-01-01T00:00:0{at}Z", "card": card, "cents": cents})
        for at, card, cents in PAYMENTS
    ]
    file.write_text("\n".join(lines))
    return file


def test_it_tells_what_moved_each_run(
    pipeline: Path, payments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Events as the flow has them: derived, filtered, in event-time order."""
    code, out, err = run("explain", f"{pipeline}:testing", str(payments), capsys=capsys)
    assert (code, err) == (0, "")
    told = [line.strip("│├└─ ") for line in out.splitlines()]
    assert told[told.index("card=c1") :][:7] == [
        "card=c1",
        "2026-01-01 00:00:01.000  event 1  amount=1  fits small",
        "1.1 begins as small; waits for small",
        "2026-01-01 00:00:02.000  event 3  amount=1.2  fits small",
        "1.1 takes it as small; waits for small or large",
        "3.1 begins as small; waits for small",
        "2026-01-01 00:00:03.000  event 2  amount=900  fits large",
    ]
    assert "1.2 is a match: small[1, 3] large[2]" in told
    assert "4.1 ends: the window of the pattern is over; it waited for small" in told
    assert told[-1] == "events: 4; matches: 1"


def test_programs_get_the_same_of_the_keys_they_ask_for(
    pipeline: Path, payments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with payments.open("a") as file:
        file.write("\nno event")
    options = ("--json", "--key", "card=c1")
    code, out, _ = run("explain", f"{pipeline}#testing", str(payments), *options, capsys=capsys)
    told = json.loads(out)
    assert code == 1
    assert told["matches"] == [
        {"key": {"card": "c1"}, "run": "1.2", "taken": {"small": ["1", "3"], "large": ["2"]}}
    ]
    assert [story["key"] for story in told["keys"]] == [{"card": "c1"}]
    assert told["refused"][0].startswith(f"{payments}:6: ")
    waits = told["keys"][0]["moments"][2]["changes"][2]
    assert (waits["fate"], waits["causes"]) == ("waits", ["condition"])
    assert "amount < 2 does not hold (amount = 900)" in waits["text"]


def test_events_of_several_sources_come_from_a_file_each(
    pipeline: Path, payments: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logins = tmp_path / "logins.jsonl"
    logins.write_text(json.dumps({"at": "2026-01-01T00:00:02Z", "card": "c1", "country": "FR"}))
    files = (f"payments={payments}", f"logins={logins}")
    code, out, _ = run("explain", f"{pipeline}:abroad", *files, capsys=capsys)
    assert code == 0
    assert "is a match: login[logins:1] pay[payments:2]" in out


def test_a_picture_needs_no_events(
    pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    svg = tmp_path / "out.svg"
    code, out, _ = run("explain", f"{pipeline}:testing", "--svg", str(svg), capsys=capsys)
    assert (code, out) == (0, f"wrote {svg}\n")
    assert ET.parse(svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["{p}:nothing", "x"], "has no pattern 'nothing'; its patterns: testing, abroad"),
        (["{p}:testing"], "nothing to explain: name a file of events, or --svg FILE"),
        (["nothing", "x"], "write FILE:NAME"),
        (["{p}:testing", "no file"], "no file: cannot be read: No such file or directory"),
        (["{p}:abroad", "x"], "is of no source of the pattern; write logins=FILE, payments=FILE"),
        (["{p}:testing", "{p}", "--key", "x=1"], "allowed: --key card=VALUE"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    pipeline: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [argument.replace("{p}", str(pipeline)) for argument in arguments]
    code, out, err = run("explain", *given, capsys=capsys)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
