"""Whatever others have written: no command prints what a terminal would obey."""

import json
import re
from pathlib import Path

import pytest
import structlog

import tidegauge.cli
from connectors.kafka.letters.letter import Letter
from connectors.kafka.letters.log import Entry
from dataflows.lifecycle.log import log_visibly
from tests.tidegauge.cli.test_explain import PIPELINE
from tests.tidegauge.cli.test_main import run
from tidegauge.cli._dlq.printing import print_list, print_one
from tidegauge.cli._labels import line
from tidegauge.cli._say import say
from tidegauge.cli._screen import screen

HOSTILE = "[red]x[/red]\x1b[2J\x1b]0;t\x07\x9b31m\u202ey\x7f\x85"
FORGED = f"{HOSTILE}\nforged"
SHOWN = r"[red]x[/red]\x1b[2J\x1b]0;t\x07\x9b31m\u202ey\x7f\x85"
_PRINTS = re.compile(r"typer\.echo\(|(?<![.\w])print\(|\bConsole\(|std(out|err)\.write\(")


def harmless(text: str) -> bool:
    """Whether a terminal shows all of it."""
    return text.replace("\n", "").isprintable()


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    file = tmp_path / "p.yaml"
    file.write_text(PIPELINE)
    return file


@pytest.fixture
def events(tmp_path: Path) -> Path:
    file = tmp_path / "payments.jsonl"
    lines: list[bytes] = [
        json.dumps({"at": f"2026-01-01T00:00:0{second}Z", "card": HOSTILE, "cents": 100}).encode()
        for second in range(3)
    ]
    lines += [json.dumps({"at": HOSTILE, "card": HOSTILE}).encode(), b"\x1b[31m", b"\xff"]
    file.write_bytes(b"\n".join(lines))
    return file


def test_explain_shows_keys_and_values_as_escapes(
    pipeline: Path, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("explain", f"{pipeline}:testing", str(events), capsys=capsys)
    assert (code, err) == (1, "")
    assert f"card={SHOWN}" in out
    assert harmless(out)


def test_json_holds_what_was_there_and_steers_nothing(
    pipeline: Path, events: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = "explain", f"{pipeline}:testing", str(events), "--json"
    _, out, _ = run(*arguments, capsys=capsys)
    assert harmless(out)
    assert json.loads(out)["keys"][0]["key"] == {"card": HOSTILE}


def test_mistakes_and_faults_are_told_without_what_steers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "\x1b[31m.yaml"
    file.write_text(PIPELINE.replace("cents > 0", '"\\e[2J = \\u202e"'))
    for path in (file, tmp_path / "\x1b]0;none\udcff.yaml"):
        for command in ("check", "run"):
            code, out, err = run(command, str(path), capsys=capsys)
            assert code in (1, 2)
            assert r"\x1b" in out + err
            assert harmless(out + err)


def letter() -> Entry:
    """A letter in which everything is hostile."""
    told = Letter(
        *("ab" * 16, 0, 0, HOSTILE, HOSTILE + "\n", {HOSTILE: [HOSTILE]}, HOSTILE, 0, 1),
        *(HOSTILE, "utf-8", 9, 1, HOSTILE, HOSTILE, HOSTILE),
    )
    return Entry(told, None, 1, HOSTILE)


def test_letters_are_shown_without_what_steers(capsys: pytest.CaptureFixture[str]) -> None:
    print_list([letter()], 5)
    print_one(letter())
    out, _ = capsys.readouterr()
    assert harmless(out)
    assert SHOWN in out


def test_labels_of_hostile_keys_are_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"anomaly": "a", "key": {"k": HOSTILE + "\nb: right"}, "at": "", "label": "wrong"}
    say(line({**row, "effective": "", "sensitivity": 1.0}))
    out, _ = capsys.readouterr()
    assert harmless(out)
    assert out.count("\n") == 1


def test_markup_is_text_and_a_console_prints_styles_of_ours_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen().print(HOSTILE)
    out, _ = capsys.readouterr()
    # The library leaves out bells itself.
    assert out == SHOWN.replace(r"\x07", "") + "\n"


def test_the_log_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        log_visibly()
        log_visibly()
        log = structlog.get_logger("tidegauge")
        log.warning(FORGED, key=HOSTILE, deep={"k": [HOSTILE]})
    finally:
        structlog.configure(**before)
    out, err = capsys.readouterr()
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out + err)
    assert SHOWN in plain
    assert plain.count("\n") == 1
    assert "\x9b" not in plain


def test_every_command_prints_through_one_place() -> None:
    folder = Path(tidegauge.cli.__file__).parent
    allowed = {"_say.py", "_screen.py"}
    found = [
        f"{file.relative_to(folder)}: {line}"
        for file in folder.rglob("*.py")
        if file.name not in allowed
        for line in file.read_text().splitlines()
        if _PRINTS.search(line) and not _known(line)
    ]
    assert found == []


def _known(line: str) -> bool:
    """Prints that are made visible where they stand, or hold nothing of others."""
    return any(one in line for one in ("visible(", "OUT_OF_MEMORY", "messages read", "program = "))
