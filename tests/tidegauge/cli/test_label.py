"""`tidegauge label`: what it refuses before it asks a server. Labels that count: test_anomalies."""

from pathlib import Path

import pytest

from tidegauge.cli import main

FILE = Path(__file__).parents[3] / "pipelines" / "payments.yaml"
PLACE = ["--key", "region=north", "--at", "2026-01-31T12:00:00Z"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the anomaly, right or wrong, and --at its time; or --list"),
        (["unusual_spent", "wrong", *PLACE], "is no anomaly; allowed: unusual_spend"),
        (["unusual_spend", "wrong", *PLACE[2:]], "series is told by --key region="),
        (["unusual_spend", "wrong", *PLACE, "--key", "card=1"], "series is told by --key region="),
        (["unusual_spend", "right", *PLACE[:2], "--at", "noon"], "--at noon is no time; allowed"),
        (
            ["unusual_spend", "right", *PLACE[:2], "--at", "2999-01-01T00:00:00Z"],
            "--at 2999-01-01T00:00:00Z is in the future",
        ),
        (["unusual_spend", "right", *PLACE, "--effective", "soon"], "--effective soon is no time"),
    ],
)
def test_what_cannot_be_labelled_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["label", str(FILE), *arguments])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
