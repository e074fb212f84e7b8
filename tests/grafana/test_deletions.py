"""What was rendered once and is no more is deleted in Grafana, which keeps it otherwise."""

from collections.abc import Sequence
from typing import Any

import pytest
from ruamel.yaml import YAML

from grafana.alerting.deletions import provisioned
from grafana.formats.deletions import DeletionFile
from grafana.render import DELETIONS, RULES, render
from grafana.subject import Subject
from tests.grafana.rendering import subjects
from tests.grafana.shop import SHOP, shop


def deleted(files: dict[str, str], section: str = "deleteRules") -> list[str]:
    """Uids that a rendered file deletes."""
    if DELETIONS not in files:
        return []
    content: Any = YAML(typ="safe", pure=True).load(files[DELETIONS])
    assert DeletionFile.model_validate(content, by_name=False).plain() == content
    return [entry["uid"] for entry in content.get(section, [])]


def uids(files: dict[str, str]) -> set[str]:
    """Uids of all rules."""
    return set(provisioned(text for path, text in files.items() if path != DELETIONS).rules)


def renamed() -> Subject:
    alerts = {("cheap" if name == "low" else name): alert for name, alert in SHOP["alerts"].items()}
    return shop(alerts=alerts)


def called(name: str) -> Subject:
    return shop(pipeline=name)


def after(*steps: Sequence[Subject]) -> dict[str, str]:
    """The files of the last step, each rendered over those before."""
    files: dict[str, str] = {}
    for step in steps:
        files = render(step, before=files)
    return files


def test_the_first_files_delete_nothing() -> None:
    assert DELETIONS not in render(subjects())


def test_an_alert_that_is_renamed_or_removed_is_deleted_under_its_old_name() -> None:
    assert deleted(after([shop()], [renamed()])) == ["tg-shop-low"]
    fewer = {name: alert for name, alert in SHOP["alerts"].items() if name != "odd_order"}
    assert deleted(after([shop()], [shop(alerts=fewer)])) == ["tg-shop-odd_order"]


def test_a_pipeline_that_is_no_more_leaves_no_rule() -> None:
    before = after([*subjects(), shop()])
    gone = [uid for uid in sorted(uids(before)) if uid.startswith("tg-shop-")]
    assert {"tg-shop-flow_stopped", "tg-shop-event_level"} < set(gone)
    files = after([*subjects(), shop()], subjects())
    assert deleted(files) == gone
    assert RULES.format("shop") not in files


def test_a_pipeline_that_is_renamed_leaves_no_rule() -> None:
    files = after([called("shop")], [called("store")])
    assert deleted(files) == [uid.replace("store", "shop") for uid in sorted(uids(files))]


def test_another_level_moves_a_rule_and_deletes_none() -> None:
    alerts = {**SHOP["alerts"], "low": {**SHOP["alerts"]["low"], "level": 3}}
    assert DELETIONS not in after([shop()], [shop(alerts=alerts)])


def test_what_was_deleted_stays_deleted_in_every_later_rendering() -> None:
    once = after([shop()], [renamed()])
    assert render([renamed()], before=once) == once
    later = after([shop()], [renamed()], [renamed(), called("store")], [called("store")])
    assert "tg-shop-low" in deleted(later)
    assert "tg-shop-cheap" in deleted(later)


def test_what_comes_back_is_not_deleted() -> None:
    assert deleted(after([shop()], [renamed()], [shop()])) == ["tg-shop-cheap"]
    files = after([*subjects(), shop()], subjects(), [*subjects(), shop()])
    assert not set(deleted(files)) & uids(files)


def test_a_webhook_that_is_no_more_is_deleted() -> None:
    files = render([shop()], before=render([shop()], webhook=True))
    assert deleted(files, "deleteContactPoints") == ["tidegauge-webhook"]
    assert deleted(files) == []
    assert deleted(render([shop()], webhook=True, before=files), "deleteContactPoints") == []


def test_files_of_somebody_else_are_left_alone() -> None:
    theirs = "apiVersion: 1\ngroups:\n  - rules:\n      - uid: theirs\n"
    assert DELETIONS not in render([shop()], before={"alerting/rules-theirs.yaml": theirs})


@pytest.mark.parametrize("marks", ["<<<<<<< ours\n{}=======\n>>>>>>> theirs\n", "{}"])
def test_of_a_file_with_the_marks_of_a_merge_both_sides_count(marks: str) -> None:
    before = render([shop()])
    rules = RULES.format("shop")
    head, groups, rest = before[rules].partition("groups:\n")
    before[rules] = head + groups + marks.format("      - uid: tg-shop-merged\n") + rest
    assert deleted(render([shop()], before=before)) == ["tg-shop-merged"]


def test_deletions_are_read_before_the_rules() -> None:
    """Grafana goes through files by name, and a title may be taken by what is to be deleted."""
    paths = [path for path in after([shop()], [renamed()]) if path.startswith("alerting/")]
    assert paths.index(DELETIONS) < paths.index(RULES.format("shop"))
