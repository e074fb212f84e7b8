import json
from pathlib import Path

import pytest

from connectors.recovery.remembered import write_definitions
from operators.state.definitions import definitions_of
from tests.tidegauge.cli.test_main import run
from tests.tidegauge.spec.test_mistakes import GOOD
from tidegauge.spec.loader import load_pipeline

STORED = GOOD


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return written(tmp_path / "before.yaml", STORED)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_an_edit_that_keeps_all_state_exits_with_0(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = written(tmp_path / "after.yaml", STORED.replace("level: 8", "level: 6"))
    code, out, err = run("plan", str(before), str(after), capsys=capsys)
    assert (code, err) == (0, "")
    assert {line.split()[0] for line in out.splitlines()} == {"kept"}


def test_says_what_begins_anew_and_what_the_store_cannot_hold(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STORED.replace("size: 60s", "size: 50s").replace("count: count(*)", "count: avg(amount)")
    after = written(tmp_path / "after.yaml", text)
    code, out, _ = run("plan", str(before), str(after), capsys=capsys)
    lines = out.splitlines()
    assert code == 1
    assert any(line.startswith("reset    window spend: size: was") for line in lines)
    assert "conflict spend.count: was int, now float: InfluxDB refuses it" in lines[-1]
    code, out, _ = run("plan", "--json", str(before), str(after), capsys=capsys)
    told = json.loads(out)
    assert code == 1
    assert {"measurement": "spend", "column": "count"}.items() <= told["conflicts"][0].items()
    verdicts = {one["part"]: one["verdict"] for one in told["state"]}
    assert verdicts["window:spend"] == "reset"
    assert verdicts["alert:failures"] == "kept"


def test_a_tag_that_becomes_a_field_is_a_conflict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled = STORED.replace("{team: risk}", "{ratio: a}")
    old = written(tmp_path / "labelled.yaml", labelled)
    new = written(tmp_path / "new.yaml", STORED.replace("failure_rate", "ratio"))
    code, out, _ = run("plan", str(old), str(new), capsys=capsys)
    assert code == 1
    assert "conflict spend.ratio: was a tag, now a field (float)" in out


def test_compares_with_what_a_recovery_directory_remembers(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", str(tmp_path), str(before), capsys=capsys)[0] == 2
    write_definitions(tmp_path, definitions_of(load_pipeline(before)))
    assert run("plan", str(tmp_path), str(before), capsys=capsys)[0] == 0


@pytest.mark.parametrize("remembered", [False, True], ids=["file", "directory"])
@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (
            "sum(amount) filter (where region like 'n%')",
            ["count of ARG", "sum of ARG", "amount FILTER (WHERE region LIKE 'n%')"],
        ),
        ("count(*) filter (where amount > 3)", ["count of ARG", "* FILTER (WHERE amount > 3)"]),
        (
            "last(amount) filter (where region not in ('a'))",
            ["last ARG", "amount FILTER (WHERE region NOT IN ('a'))"],
        ),
        ("avg((amount + 1))", ["count of ARG", "sum of ARG", "amount + 1"]),
        ("max(amount ^ 2)", ["highest ARG", "count of ARG", "amount ^ 2"]),
        ("min(power(amount, 2))", ["lowest ARG", "count of ARG", "power(amount, 2)"]),
        (
            "sum(case when amount > 1 then amount end)",
            ["count of ARG", "sum of ARG", "CASE WHEN amount > 1 THEN amount END"],
        ),
    ],
)
def test_shows_what_aggregates_are_taken_of_as_it_was_written(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    written: str,
    kept: list[str],
    *,
    remembered: bool,
) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(STORED)
    text = STORED.replace("      failure", f'      total: "{written}"\n      failure')
    old = tmp_path / "old.yaml"
    old.write_text(text)
    if remembered:
        write_definitions(tmp_path, definitions_of(load_pipeline(old)))
    before = tmp_path if remembered else old
    _, out, _ = run("plan", str(before), str(new), capsys=capsys)
    (line,) = [one for one in out.splitlines() if "window spend" in one]
    *words, argument = kept
    told = ", ".join(words).replace("ARG", argument)
    assert line.partition("; ")[0] == f"reset    window spend: aggregates: no longer {told}"


def test_speaks_the_users_names_and_durations_and_says_how_to_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pattern = (
        "patterns:\n  tried: {from: payments, by: [card], match: small -> large, within: 5m,"
        " define: {small: amount < 2, large: amount > 500}}\n"
    )
    text = STORED.replace(
        "alerts:\n", f"{pattern}alerts:\n  big: {{when: payments.amount > 5, level: 8}}\n"
    )
    text = text.replace("      failure", "      total: sum(amount)\n      failure")
    old = written(tmp_path / "old.yaml", text)
    for before, after in (
        ("within: 5m", "within: 90s"),
        ("total: sum(", "total: max("),
        ("payments.amount > 5", "spend.total > 5"),
    ):
        assert before in text
        text = text.replace(before, after)
    new = written(tmp_path / "new.yaml", text)
    code, out, _ = run("plan", str(old), str(new), capsys=capsys)
    assert code == 1
    accepted = " ".join(
        f"--accept-reset {one}" for one in ("window:spend", "pattern:tried", "alert:big")
    )
    assert out.splitlines() == [
        "kept     source payments",
        "reset    window spend: aggregates: no longer sum of amount, now highest amount",
        "reset    pattern tried: within: was 5m, now 1m30s",
        "kept     anomaly unusual",
        "reset    alert big: on: was events of payments, now spend; keys: now region string",
        "kept     alert failures",
        "removed  events of payments",
        f"to agree to what begins anew: tidegauge run {new} {accepted}",
    ]
